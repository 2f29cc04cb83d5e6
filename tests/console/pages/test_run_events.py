"""The history of a run in the console: its pages, its filters, and the file with all of it."""

import json
import re

from lamplighter.base.json_text import Json
from tests.console.http_browser import Browser
from tests.engine_harness import SECOND, EngineHarness, chain, job
from tests.fake_runtime import Script


def run_of_passes(harness: EngineHarness, states: int) -> str:
    return harness.run_machine(*[{"Type": "Pass"}] * states)


def shown_ids(body: str) -> list[int]:
    return [int(each) for each in re.findall(r'<tr id="event-(\d+)">', body)]


def test_the_history_has_numbered_pages_in_both_orders(harness: EngineHarness, browser: Browser) -> None:
    url = f"/runs/{run_of_passes(harness, 60)}/history"
    first = browser.get(url)
    assert shown_ids(first.body) == list(range(1, 51))
    assert "1 to 50 of 122 events" in first.text
    assert 'href="?page=3" aria-label="Page 3"' in first.body
    assert 'rel="prev"' not in first.body
    last = browser.get(f"{url}?page=3").body
    assert shown_ids(last) == list(range(101, 123))
    assert 'rel="prev" href="?page=2"' in last
    assert 'rel="next"' not in last
    assert shown_ids(browser.get(f"{url}?order=newest&page=3").body) == list(range(22, 0, -1))


def test_a_page_beyond_the_end_is_the_last_one(harness: EngineHarness, browser: Browser) -> None:
    url = f"/runs/{run_of_passes(harness, 60)}/history"
    assert shown_ids(browser.get(f"{url}?page=99").body)[-1] == 122
    assert shown_ids(browser.get(f"{url}?page=0").body)[0] == 1
    assert shown_ids(browser.get(f"{url}?page=x").body)[0] == 1


def test_the_history_is_filtered_by_state_and_by_type(harness: EngineHarness, browser: Browser) -> None:
    url = f"/runs/{run_of_passes(harness, 3)}/history"
    body = browser.get(f"{url}?state=B").body
    assert shown_ids(body) == [4, 5]
    assert '<option value="B" selected>B (2)</option>' in body
    assert '<option value="PassStateEntered">PassStateEntered (1)</option>' in body
    assert shown_ids(browser.get(f"{url}?type=PassStateExited").body) == [3, 5, 7]
    assert shown_ids(browser.get(f"{url}?type=PassStateExited&state=C").body) == [7]
    assert "No event of this state and type." in browser.get(f"{url}?state=nowhere").text


def test_the_links_of_a_filtered_history_keep_the_filter(harness: EngineHarness, browser: Browser) -> None:
    body = browser.get(f"/runs/{run_of_passes(harness, 60)}/history?type=PassStateEntered").body
    assert 'href="?type=PassStateEntered&amp;page=2"' in body
    assert 'href="?type=PassStateEntered&amp;order=newest"' in body


def test_the_whole_history_is_a_file(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine(chain({"Type": "Pass"}))
    execution = harness.start(machine, {"day": 7, "password": "hunter2"}, "2026-11-29")
    harness.settle()
    answer = browser.get(f"/runs/{execution}/history/file")
    name = machine.rpartition(":")[2]
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}-2026-11-29-history.json"'
    assert answer.headers["content-type"] == "application/json"
    expected: Json = harness.call("states", "GetExecutionHistory", executionArn=execution)["events"]
    found = json.loads(answer.body)["events"]
    assert [each["id"] for each in found] == [1, 2, 3, 4]
    assert [each["type"] for each in found] == [each["type"] for each in expected]
    assert "hunter2" not in answer.body
    assert json.loads(found[0]["executionStartedEventDetails"]["input"]) == {"day": 7, "password": "••••••"}


def test_the_file_of_a_long_run_has_all_events(harness: EngineHarness, browser: Browser) -> None:
    each = {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}}
    definition = chain({"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": each})
    execution = harness.start(harness.machine(definition), {"items": list(range(1200))})
    harness.settle()
    assert harness.status(execution) == "SUCCEEDED"
    found = json.loads(browser.get(f"/runs/{execution}/history/file").body)["events"]
    assert [event["id"] for event in found] == list(range(1, len(found) + 1))
    assert len(found) > 4 * 1200
    assert found[-1]["type"] == "ExecutionSucceeded"


def test_the_file_of_a_run_that_does_not_exist_is_an_error_page(browser: Browser) -> None:
    answer = browser.get("/runs/arn:aws:states:us-east-1:123456789012:execution:nightly:none/history/file")
    assert answer.status == 404
    assert "content-disposition" not in answer.headers


def test_the_history_refreshes_while_the_run_is_running(harness: EngineHarness, browser: Browser) -> None:
    harness.runtime.script(Script(after=SECOND))
    execution = harness.start(harness.machine(chain(job(harness.define_task()))))
    harness.settle()
    assert "data-refresh" in browser.get(f"/runs/{execution}/history").body
    harness.advance(2 * SECOND)
    assert "data-refresh" not in browser.get(f"/runs/{execution}/history").body


def test_the_history_names_the_state_of_each_event(harness: EngineHarness, browser: Browser) -> None:
    harness.runtime.script(Script(code=3))
    execution = harness.start(harness.machine(chain(job(harness.define_task()))))
    harness.settle()
    harness.advance(SECOND)
    body = browser.get(f"/runs/{execution}/history").body
    for kind, state in (("TaskScheduled", "A"), ("TaskFailed", "A"), ("ExecutionFailed", "")):
        assert f"<td>{state}</td>" in body.partition(f">{kind}<")[2].partition("</tr>")[0], kind
