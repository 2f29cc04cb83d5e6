"""What the first page shows of jobs on other pages: the failed and the running ones."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.console.data.last_runs import RUNS_PER_MACHINE
from lamplighter.console.ports.local import LocalPort
from lamplighter.console.ports.port import Place
from tests.console.http_browser import Browser
from tests.engine_harness import ROLE, EngineHarness

GOOD: Json = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
BAD: Json = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "No"}}}
LONG: Json = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 60, "End": True}}}


def create_machines(harness: EngineHarness, number: int) -> None:
    for at in range(number):
        harness.machine(GOOD, f"job-{at:03}")


def test_a_failed_job_of_the_second_page_is_counted_and_linked_on_the_first_page(
    harness: EngineHarness, browser: Browser
) -> None:
    create_machines(harness, 28)
    failed = harness.start(harness.machine(BAD, "z-last"))
    harness.start(harness.machine(LONG, "z-long"))
    harness.settle()
    page = browser.get("/")
    assert "1 failed in the last run" in page.text
    assert "1 running" in page.text
    assert "there are more" not in page.text
    assert f'<a href="/runs/{failed}">z-last</a>' in page.body.partition('class="failed"')[2].partition("</ul>")[0]


def test_a_job_that_succeeded_after_a_failure_is_not_counted_as_failed(
    harness: EngineHarness, browser: Browser
) -> None:
    machine = harness.machine(BAD, "night")
    harness.start(machine)
    harness.settle()
    harness.call("states", "UpdateStateMachine", stateMachineArn=machine, definition=dumps(GOOD))
    harness.start(machine)
    harness.settle()
    page = browser.get("/")
    assert "failed in the last run" not in page.text
    assert 'data-status="FAILED"' in page.body  # the bar of the earlier run


def test_the_first_page_with_a_thousand_failed_jobs_is_no_larger_than_300_kilobytes(
    harness: EngineHarness, browser: Browser
) -> None:
    for at in range(1000):
        harness.start(harness.machine(BAD, f"a-job-with-a-name-{at:03}"))
    harness.settle()
    page = browser.get("/")
    assert "1000 failed in the last run" in page.text
    assert "and 800 others" in page.text
    assert len(page.body.encode()) < 300_000


def test_if_not_all_jobs_can_be_checked_the_page_says_so(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.console.http_browser.LocalPort", lambda engine: LocalPort(engine, max_calls=5))
    listed: list[str] = []
    original = LocalPort.call

    async def record_call(port: LocalPort, place: Place, service: str, operation: str, params: Json, *_: Json) -> Json:
        if operation == "ListExecutions" and params["maxResults"] == RUNS_PER_MACHINE:
            listed.append(params["stateMachineArn"])
        return await original(port, place, service, operation, params)

    monkeypatch.setattr(LocalPort, "call", record_call)
    create_machines(harness, 6)
    harness.start(harness.machine(BAD, "a-first"))
    harness.settle()
    page = Browser(harness).get("/").text
    assert "1 failed in the last run 5 jobs checked; there are more" in page
    assert len(listed) == 5
    assert "there are more" not in browser.get("/").text


def test_a_throttled_call_hides_only_its_own_data(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.start(harness.machine(BAD, "night"))
    harness.settle()
    original = LocalPort.call

    async def throttle(port: LocalPort, place: Place, service: str, operation: str, params: Json, *_: Json) -> Json:
        if operation == "ListExecutions" and params["maxResults"] == RUNS_PER_MACHINE:
            raise AwsError("Rate exceeded", code="ThrottlingException")
        return await original(port, place, service, operation, params)

    monkeypatch.setattr(LocalPort, "call", throttle)
    page = browser.get("/")
    assert page.status == 200
    assert "0 jobs checked; there are more" in page.text


def test_the_watch_machine_is_no_job_and_has_no_start_button(harness: EngineHarness, browser: Browser) -> None:
    harness.machine(GOOD, "shop-night")
    watch = harness.machine(LONG, "shop--watch")
    harness.start(watch)
    harness.settle()
    page = browser.get("/")
    assert "Start shop-night" in page.body
    assert "Start shop--watch" not in page.body
    assert "1 running" not in page.text
    assert f'href="/jobs/{watch}"' in page.body
    assert f'action="/jobs/{watch}/start"' not in browser.get(f"/jobs/{watch}").body


def test_the_runs_of_an_express_machine_are_not_listed(harness: EngineHarness, browser: Browser) -> None:
    harness.call("states", "CreateStateMachine", name="ping", definition=dumps(GOOD), roleArn=ROLE, type="EXPRESS")
    assert "there are more" not in browser.get("/").text


def test_a_skipped_run_does_not_hide_an_earlier_failed_run(harness: EngineHarness, browser: Browser) -> None:
    skip = {"Type": "Succeed", "QueryLanguage": "JSONata", "Output": {"skipped": True, "running": ["arn:older"]}}
    rule = {"Variable": "$.skip", "BooleanEquals": True, "Next": "S"}
    states = {"C": {"Type": "Choice", "Choices": [rule], "Default": "F"}, "F": {"Type": "Fail"}, "S": skip}
    machine = harness.machine({"StartAt": "C", "States": states}, "night")
    harness.start(machine, {"skip": False})
    harness.settle()
    harness.advance(1000)
    harness.start(machine, {"skip": True})
    harness.settle()
    assert "1 failed in the last run" in browser.get("/").text


def test_many_skipped_runs_do_not_hide_an_earlier_failed_run(harness: EngineHarness, browser: Browser) -> None:
    """A run takes hours and a slot comes every minute, so the run is no longer among the latest runs."""
    skip = {
        "Type": "Succeed",
        "QueryLanguage": "JSONata",
        "Output": {"skipped": True, "running": "{% [$states.input.beside] %}"},
    }
    rule = {"Variable": "$.beside", "IsPresent": True, "Next": "S"}
    states = {"C": {"Type": "Choice", "Choices": [rule], "Default": "F"}, "F": {"Type": "Fail"}, "S": skip}
    machine = harness.machine({"StartAt": "C", "States": states}, "night")
    failed = harness.start(machine, {})
    harness.settle()
    for _ in range(25):
        harness.advance(1000)
        harness.start(machine, {"beside": failed})
    harness.settle()
    page = browser.get("/")
    assert "1 failed in the last run" in page.text
    assert f'<a class="second quiet" href="/runs/{failed}">failed' in page.body
    assert "then skipped 20×" in page.text
