"""Removed jobs whose runs are still shown."""

from lamplighter.console.ports.local import LocalPort
from lamplighter.console.ports.port import Place
from lamplighter.runs.jobs.job_machine import SUPPORTING_SUFFIXES
from tests.console.http_browser import Browser
from tests.console.pages.test_job import copy_runs
from tests.engine_harness import ACCOUNT, REGION, EngineHarness, chain

PASS = {"Type": "Pass"}
FAIL = {"Type": "Fail", "Error": "Sales.Missing", "Cause": "there are no sales"}


def remove(harness: EngineHarness, name: str) -> str:
    """Delete a state machine and return its ARN."""
    arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}"
    harness.call("states", "DeleteStateMachine", stateMachineArn=arn)
    return arn


def test_a_removed_job_is_named_and_shows_its_runs(harness: EngineHarness, browser: Browser) -> None:
    harness.run_machine(PASS, name="stays")
    run = harness.run_machine(FAIL, name="night")
    assert "Removed" not in browser.get("/jobs").text
    removed = remove(harness, "night")
    jobs = browser.get("/jobs")
    assert "Removed jobs whose runs are still stored: night ." in jobs.text
    assert f'href="/jobs/{removed}"' in jobs.body
    page = browser.get(f"/jobs/{removed}")
    assert "This job was removed" in page.text
    assert f'href="/runs/{run}"' in page.body
    assert "failed by hand Sales.Missing: there are no sales" in page.text
    assert "there are no sales" in browser.get(f"/runs/{run}").text


def test_the_runs_of_a_removed_job_have_pages(harness: EngineHarness, browser: Browser) -> None:
    harness.run_machine(PASS, name="night")
    copy_runs(harness, 60, "FAILED")
    page = browser.get(f"/jobs/{remove(harness, 'night')}?page=2")
    assert "Previous 1 2 51 to 61 of 61 runs" in page.text
    assert "FAILED10" in page.text


def test_an_unknown_job_is_not_found(browser: Browser) -> None:
    page = browser.get(f"/jobs/arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:never")
    assert (page.status, "does not exist" in page.text.lower()) == (404, True)


def test_a_removed_job_without_runs_and_a_removed_supporting_machine_are_not_named(
    harness: EngineHarness, browser: Browser
) -> None:
    watcher = f"shop{SUPPORTING_SUFFIXES[0]}"
    harness.machine(chain(PASS), "idle")
    harness.run_machine(PASS, name=watcher)
    for name in ("idle", watcher):
        remove(harness, name)
    assert "Removed" not in browser.get("/jobs").text


async def list_removed_machines(harness: EngineHarness) -> list[str]:
    answer = await LocalPort(harness.engine).call_internal(Place(ACCOUNT, REGION), "states", "ListRemovedMachines", {})
    return [each["name"] for each in answer["stateMachines"]]


def test_only_removed_machines_with_runs_are_listed(harness: EngineHarness) -> None:
    for name in ("a", "b", "c"):
        harness.run_machine(PASS, name=name)
        harness.run_machine(PASS, name=name)
    for name in ("a", "c"):
        remove(harness, name)
    assert harness.run(list_removed_machines(harness)) == ["a", "c"]
    harness.run_machine(PASS, name="a")
    assert harness.run(list_removed_machines(harness)) == ["c"]
