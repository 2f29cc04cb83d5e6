"""The page of the items of a Map Run."""

import re
from collections.abc import Callable

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.ports.local import LocalPort
from lamplighter.console.ports.port import Place
from lamplighter.store.audit_log import Actor
from tests.console.http_browser import Browser
from tests.engine_harness import SECOND, EngineHarness, chain

PROCESSOR: Json = {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    "StartAt": "Look",
    "States": {
        "Look": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericEquals": 7, "Next": "No"}],
            "Default": "Yes",
        },
        "No": {"Type": "Fail", "Error": "Seven", "Cause": "it is <seven>"},
        "Yes": {"Type": "Pass", "End": True},
    },
}


@pytest.fixture
def start(harness: EngineHarness) -> Callable[..., tuple[str, str]]:
    """Run a distributed Map of numbers, and return the ARNs of the run and of its Map Run."""

    def start(numbers: list[int], **fields: Json) -> tuple[str, str]:
        state: Json = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": PROCESSOR, **fields}
        execution = harness.start(harness.machine(chain(state)), {"items": [{"n": each} for each in numbers]})
        harness.settle()
        harness.advance(SECOND)
        (run,) = harness.call("states", "ListMapRuns", executionArn=execution)["mapRuns"]
        return execution, run["mapRunArn"]

    return start


StartMap = Callable[..., tuple[str, str]]


@pytest.fixture
def without_internal_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer like AWS, which has no operations that list and count items."""
    original = LocalPort.call_internal

    async def call(
        port: LocalPort, place: Place, service: str, operation: str, params: Json, actor: Actor | None = None
    ) -> Json:
        if operation in ("ListMapRunItems", "CountMapRunStates"):
            return None
        return await original(port, place, service, operation, params, actor)

    monkeypatch.setattr(LocalPort, "call_internal", call)


def read_rows(body: str) -> list[str]:
    """Return the text of each row of the table of items."""
    rows = re.findall(r"<tr>(.*?)</tr>", body.partition("<tbody>")[2])
    return [" ".join(re.sub("<[^>]+>", " ", row).split()) for row in rows]


def test_items_are_listed_by_index_page_by_page(browser: Browser, start: StartMap) -> None:
    execution, map_run = start(list(range(100, 330)))
    assert "230 of 230 items" in browser.get(f"/runs/{execution}").text
    first = browser.get(f"/runs/{map_run}/items")
    rows = read_rows(first.body)
    assert len(rows) == 100
    assert rows[0].startswith("0 succeeded {&#34;n&#34;:100}")
    assert "1 to 100 of 230 runs of items" in first.text
    assert re.findall(r"[?&;]page=([0-9])", first.body) == ["2", "3", "2"]
    last = read_rows(browser.get(f"/runs/{map_run}/items?status=ALL&page=3").body)
    assert (len(last), last[-1].split()[0]) == (30, "229")
    assert read_rows(browser.get(f"/runs/{map_run}/items?status=ALL&page=99").body) == last


def test_the_failed_items_come_first_with_input_and_error(browser: Browser, start: StartMap) -> None:
    _, map_run = start([1, 7, 2, 7], ToleratedFailureCount=4)
    page = browser.get(f"/runs/{map_run}/items")
    rows = read_rows(page.body)
    assert [row.split()[0] for row in rows] == ["1", "3"]
    assert "Seven it is &lt;seven&gt; {&#34;n&#34;:7}" in rows[0]
    assert "Failed 2 Succeeded 2 All 4" in page.text
    assert len(read_rows(browser.get(f"/runs/{map_run}/items?status=ALL").body)) == 4
    (row,) = read_rows(browser.get(f"/runs/{map_run}/items?index=2").body)
    assert row.startswith("2 succeeded")
    assert browser.get(f"/runs/{map_run}/items?status=ODD").status == 400


def test_the_page_of_a_map_run_leads_to_its_items(browser: Browser, start: StartMap) -> None:
    _, map_run = start([1])
    assert browser.get(f"/runs/{map_run}").headers["location"] == f"/runs/{map_run}/items"


def test_a_batch_has_the_indexes_of_its_items(browser: Browser, start: StartMap) -> None:
    _, map_run = start([1, 2, 3, 4, 5], ItemBatcher={"MaxItemsPerBatch": 2})
    page = browser.get(f"/runs/{map_run}/items?status=ALL").body
    assert [row.split()[0] for row in read_rows(page)] == ["0–1", "2–3", "4"]
    assert len(read_rows(browser.get(f"/runs/{map_run}/items?index=3").body)) == 1


def test_a_failed_item_of_an_express_map_shows_its_input_and_error(browser: Browser, start: StartMap) -> None:
    express = PROCESSOR | {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}}
    execution, map_run = start([1, 7], ItemProcessor=express)
    assert 'Seven it is <seven> {"n":7}' in browser.get(f"/runs/{map_run}/items").text
    assert "it is not known in which of its states an item is" in browser.get(f"/runs/{execution}").text


def test_the_inner_states_have_the_counts_of_the_items(browser: Browser, start: StartMap) -> None:
    execution, _ = start([1, 7, 2, 7, 3], ToleratedFailureCount=4)
    body = browser.get(f"/runs/{execution}").body
    found = re.findall(r'data-name="([^"]+)" data-status="([^"]+)"[^>]* data-note="([^"]*)"', body)
    assert found == [
        ("A", "SUCCEEDED", "3 of 5 done, 2 failed"),
        ("Look", "SUCCEEDED", "5 of 5"),
        ("No", "FAILED", "2 failed"),
        ("Yes", "SUCCEEDED", "3 of 5"),
    ]


def test_a_state_inside_a_distributed_map_leads_to_the_items(browser: Browser, start: StartMap) -> None:
    execution, map_run = start([1])
    page = browser.get(f"/runs/{execution}/detail?state=Yes")
    assert "Each item of A is a run of its own, whose page shows this state. Items" in page.text
    assert f'href="/runs/{map_run}/items"' in page.body
    assert "has not reached" not in page.text


def test_failed_items_run_again_by_a_redrive_of_the_run(
    harness: EngineHarness, browser: Browser, start: StartMap
) -> None:
    execution, map_run = start([7, 1])
    page = browser.get(f"/runs/{map_run}/items")
    assert 'data-ask="Run 1 item again now?"' in page.body
    question = browser.post(f"/runs/{map_run}/run-failed-again", {})
    assert "Run 1 failed item again?" in question.text
    assert f'action="/runs/{map_run}/run-failed-again"' in question.body
    assert harness.describe(execution)["redriveCount"] == 0
    browser.post(f"/runs/{map_run}/run-failed-again", {"confirmed": "yes"})
    harness.settle()
    assert harness.describe(execution)["redriveCount"] == 1
    assert harness.call("states", "DescribeMapRun", mapRunArn=map_run)["redriveCount"] == 1


def test_failed_items_that_were_tolerated_cannot_run_again_and_the_page_says_why(
    harness: EngineHarness, browser: Browser, start: StartMap
) -> None:
    execution, map_run = start([7, 1], ToleratedFailureCount=1)
    page = browser.get(f"/runs/{map_run}/items")
    assert "cannot be run again: the Map Run succeeded, because the Map tolerates failed items" in page.text
    assert "run-failed-again" not in page.body
    answer = browser.post(f"/runs/{map_run}/run-failed-again", {})
    assert (answer.status, "ExecutionNotRedrivable" in answer.text) == (400, True)
    assert harness.describe(execution)["redriveCount"] == 0


def test_failed_items_whose_error_was_caught_cannot_run_again(harness: EngineHarness, browser: Browser) -> None:
    caught = [{"ErrorEquals": ["States.ALL"], "Next": "Wait"}]
    state: Json = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": PROCESSOR, "End": True, "Catch": caught}
    wait = {"Type": "Wait", "Seconds": 600, "End": True}
    execution = harness.start(
        harness.machine({"StartAt": "A", "States": {"A": state, "Wait": wait}}), {"items": [{"n": 7}]}
    )
    harness.settle()
    harness.advance(SECOND)
    (run,) = harness.call("states", "ListMapRuns", executionArn=execution)["mapRuns"]
    url = f"/runs/{run['mapRunArn']}/items"
    assert "cannot be run again: it is still running" in browser.get(url).text
    harness.call("states", "StopExecution", executionArn=execution)
    harness.settle()
    assert "cannot be run again: the run went on after the state A" in browser.get(url).text


@pytest.mark.usefixtures("without_internal_operations")
def test_over_aws_items_have_the_index_that_their_input_has(browser: Browser, start: StartMap) -> None:
    selector = {"n.$": "$$.Map.Item.Value.n", "at.$": "$$.Map.Item.Index"}
    execution, map_run = start([1, 7, 2], ToleratedFailureCount=1, ItemSelector=selector)
    page = browser.get(f"/runs/{map_run}/items")
    (row,) = read_rows(page.body)
    assert row.startswith("1 failed Seven it is &lt;seven&gt;")
    assert "The index of an item is known only if" in page.text
    everything = read_rows(browser.get(f"/runs/{map_run}/items?status=ALL").body)
    assert sorted(row.split()[0] for row in everything) == ["0", "1", "2"]
    body = browser.get(f"/runs/{execution}").body
    assert re.findall(r'data-name="(Look|Yes|No)" data-status="([^"]+)"', body) == [
        ("Look", "SUCCEEDED"),
        ("Yes", "SUCCEEDED"),
    ]


@pytest.mark.usefixtures("without_internal_operations")
def test_aws_lists_no_items_of_an_express_map_and_the_page_says_so(
    browser: Browser, start: StartMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    express = PROCESSOR | {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}}
    _, map_run = start([1, 7], ItemProcessor=express)
    original = LocalPort.call

    async def call(
        port: LocalPort, place: Place, service: str, operation: str, params: Json, actor: Actor | None = None
    ) -> Json:
        if operation == "ListExecutions":
            raise AwsError("This operation is not supported by this type of state machine")
        return await original(port, place, service, operation, params, actor)

    monkeypatch.setattr(LocalPort, "call", call)
    assert "AWS does not list the items of an express Map" in browser.get(f"/runs/{map_run}/items").text


@pytest.mark.usefixtures("without_internal_operations")
def test_over_aws_items_have_pages_too(browser: Browser, start: StartMap) -> None:
    _, map_run = start(list(range(100, 230)))
    second = browser.get(f"/runs/{map_run}/items?status=ALL&page=2")
    assert len(read_rows(second.body)) == 30


def test_an_item_of_a_map_run_links_to_the_items_and_the_job(harness: EngineHarness, browser: Browser) -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "One",
        "States": {"One": {"Type": "Pass", "End": True}},
    }
    machine = harness.machine(
        chain({"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "Label": "Each"})
    )
    execution = harness.start(machine, {"items": [1]})
    harness.settle()
    harness.advance(SECOND)
    (run,) = harness.call("states", "ListMapRuns", executionArn=execution)["mapRuns"]
    (child,) = harness.call("states", "ListExecutions", mapRunArn=run["mapRunArn"])["executions"]
    page = browser.get(f"/runs/{child['executionArn']}")
    assert 'data-name="One" data-status="SUCCEEDED"' in page.body
    for link in (f"/runs/{run['mapRunArn']}/items", f"/jobs/{machine}"):
        assert f'href="{link}"' in page.body
        assert browser.get(link).status == 200
    assert "Run again" not in page.text


def check_words_of_the_failed_map(browser: Browser, start: StartMap) -> None:
    run, _ = start([1, 7, 3])
    words = "1 of 3 items failed: Seven: it is <seven>"
    assert words in browser.get("/").text
    assert words in browser.get(f"/runs/{run}").text


def test_the_night_and_the_run_say_how_many_items_failed_and_why(browser: Browser, start: StartMap) -> None:
    check_words_of_the_failed_map(browser, start)


@pytest.mark.usefixtures("without_internal_operations")
def test_on_aws_they_say_the_same_of_the_items(browser: Browser, start: StartMap) -> None:
    check_words_of_the_failed_map(browser, start)
