"""Skipped runs: runs that ended immediately because another run of the job was running."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.console.data.runs.run_cache import RunCache
from lamplighter.console.ports.local import LocalPort
from lamplighter.console.ports.port import Place
from tests.console.http_browser import Browser
from tests.engine_harness import SECOND, EngineHarness

OLDER = "arn:aws:states:us-east-1:123456789012:execution:night:first"
SKIPS: Json = {
    "QueryLanguage": "JSONata",
    "StartAt": "Alone?",
    "States": {
        "Alone?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.skip %}", "Next": "Skipped"}],
            "Default": "Run",
        },
        "Skipped": {"Type": "Succeed", "Output": {"skipped": True, "running": [OLDER]}},
        "Run": {"Type": "Wait", "Seconds": 20, "End": True},
    },
}


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the ARNs of the runs that pages describe."""
    arns: list[str] = []
    original = LocalPort.call

    async def record_call(port: LocalPort, place: Place, service: str, operation: str, params: Json, *_: Json) -> Json:
        if operation == "DescribeExecution":
            arns.append(params["executionArn"])
        return await original(port, place, service, operation, params)

    monkeypatch.setattr(LocalPort, "call", record_call)
    return arns


def start_skipped_run(harness: EngineHarness) -> tuple[str, str]:
    """Start a run of 20 s and a run that is skipped; return the machine and the skipped run."""
    machine = harness.machine(SKIPS, "night")
    harness.start(machine, {"skip": False}, "first")
    skipped = harness.start(machine, {"skip": True}, "second")
    harness.settle()
    harness.advance(20 * SECOND)
    return machine, skipped


def test_a_skipped_run_is_shown_as_skipped_with_the_run_that_was_running(
    harness: EngineHarness, browser: Browser
) -> None:
    _, skipped = start_skipped_run(harness)
    for path in ("/logs", "/history", ""):
        page = browser.get(f"/runs/{skipped}{path}")
        assert '<span class="status" data-status="SKIPPED">skipped</span>' in page.body
    assert f'another run of the job was still running: <a href="/runs/{OLDER}">first</a>' in page.body


def test_a_skipped_run_is_no_success_and_does_not_count_for_the_median(
    harness: EngineHarness, browser: Browser
) -> None:
    machine, _ = start_skipped_run(harness)
    jobs, job = browser.get("/jobs"), browser.get(f"/jobs/{machine}")
    assert "<title>second: skipped" in jobs.body
    assert '<rect class="mark" data-status="SKIPPED"' in jobs.body
    for page in (jobs, job):
        assert "100 %" in page.text
        assert "20 s" in page.text
        assert "10.0 s" not in page.text
    assert "1 succeeded , 1 skipped" in job.text
    assert "skipped" in job.text.partition(" second ")[2]


def test_a_run_is_described_once(harness: EngineHarness, browser: Browser, described: list[str]) -> None:
    start_skipped_run(harness)
    browser.get("/jobs")
    browser.get("/jobs")
    assert sorted(each.rpartition(":")[2] for each in described) == ["first", "second"]


def test_runs_of_machines_without_skips_are_not_described(
    harness: EngineHarness, browser: Browser, described: list[str]
) -> None:
    harness.run_machine({"Type": "Pass"})
    browser.get("/jobs")
    assert described == []


def test_the_oldest_entries_leave_a_full_cache() -> None:
    cache: RunCache[bool] = RunCache(max_runs=2)
    cache.put({"a": True, "b": True})
    cache.put({"c": False})
    assert [each in cache for each in "abc"] == [False, True, True]
