"""Jobs that were removed: their runs stay to be seen."""

from lamplighter.console.ports.local import LocalPort
from lamplighter.console.ports.port import Place
from lamplighter.runs.job_machine import SUPPORTING_SUFFIXES
from tests.console.http_browser import Browser
from tests.engine_harness import ACCOUNT, REGION, EngineHarness, chain

PASS = {"Type": "Pass"}
FAIL = {"Type": "Fail", "Error": "Sales.Missing", "Cause": "there are no sales"}


def remove(harness: EngineHarness, name: str) -> str:
    """Delete a state machine; its ARN."""
    arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}"
    harness.call("states", "DeleteStateMachine", stateMachineArn=arn)
    return arn


def test_a_job_that_was_removed_is_named_and_shows_its_runs(harness: EngineHarness, browser: Browser) -> None:
    harness.run_machine(PASS, name="stays")
    run = harness.run_machine(FAIL, name="night")
    assert "Removed" not in browser.get("/").text
    gone = remove(harness, "night")
    jobs = browser.get("/")
    assert "Removed jobs whose runs are still stored: night ." in jobs.text
    assert f'href="/jobs/{gone}"' in jobs.body
    page = browser.get(f"/jobs/{gone}")
    assert "This job was removed" in page.text
    assert f'href="/runs/{run}"' in page.body
    assert "there are no sales" in browser.get(f"/runs/{run}").text


def test_a_job_that_never_was_is_not_there(browser: Browser) -> None:
    page = browser.get(f"/jobs/arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:never")
    assert (page.status, "does not exist" in page.text.lower()) == (404, True)


def test_what_never_ran_or_only_watched_others_is_not_named(harness: EngineHarness, browser: Browser) -> None:
    watcher = f"shop{SUPPORTING_SUFFIXES[0]}"
    harness.machine(chain(PASS), "idle")
    harness.run_machine(PASS, name=watcher)
    for name in ("idle", watcher):
        remove(harness, name)
    assert "Removed" not in browser.get("/").text


async def told(harness: EngineHarness) -> list[str]:
    answer = await LocalPort(harness.engine).call_internal(Place(ACCOUNT, REGION), "states", "ListRemovedMachines", {})
    return [each["name"] for each in answer["stateMachines"]]


def test_only_machines_of_the_place_that_have_runs_and_are_gone_are_listed(harness: EngineHarness) -> None:
    for name in ("a", "b", "c"):
        harness.run_machine(PASS, name=name)
        harness.run_machine(PASS, name=name)
    for name in ("a", "c"):
        remove(harness, name)
    assert harness.run(told(harness)) == ["a", "c"]
    harness.run_machine(PASS, name="a")
    assert harness.run(told(harness)) == ["c"]
