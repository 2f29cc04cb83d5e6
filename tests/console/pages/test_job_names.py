"""All pages call a job by its name in the job file."""

import pytest

from lamplighter.base.json_text import dumps
from tests.console.http_browser import Browser
from tests.engine_harness import ACCOUNT, REGION, ROLE, EngineHarness

PLACE = f"arn:aws:states:{REGION}:{ACCOUNT}"
WAIT = dumps({"StartAt": "Hold", "States": {"Hold": {"Type": "Wait", "Seconds": 60, "End": True}}})


def create_job(harness: EngineHarness, project: str, job: str) -> str:
    tags = [{"key": "lamplighter:job", "value": job}, {"key": "lamplighter:project", "value": project}]
    given = {"name": f"{project}-{job}", "definition": WAIT, "roleArn": ROLE, "tags": tags}
    machine: str = harness.call("states", "CreateStateMachine", **given)["stateMachineArn"]
    target = {"Arn": machine, "RoleArn": ROLE, "Input": "{}"}
    schedule = {"ScheduleExpression": "cron(0 1 * * ? *)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
    harness.call("scheduler", "CreateSchedule", Name=f"{project}-{job}-at-one", **schedule)
    return machine


@pytest.fixture
def run(harness: EngineHarness) -> str:
    machine = create_job(harness, "nights", "flaky")
    started: str = harness.call("states", "StartExecution", stateMachineArn=machine, name="one")["executionArn"]
    return started


@pytest.mark.parametrize(
    "path",
    [
        "/", "/jobs", "/calendar", "/search?q=flaky", "/search?q=flaky&job=flaky", "/jobs/{machine}",
        "/jobs/{machine}/start", "/runs/{run}", "/runs/{run}/logs", "/runs/{run}/history",
    ],
)  # fmt: skip
def test_a_page_calls_a_job_by_its_name_in_the_job_file(browser: Browser, run: str, path: str) -> None:
    machine = f"{PLACE}:stateMachine:nights-flaky"
    text = browser.get(path.format(machine=machine, run=run)).text
    shown = text.replace("schedule nights-flaky-at-one", "").replace("nights-flaky-at-one", "")
    assert "flaky" in shown
    assert "nights-flaky" not in shown


def test_jobs_of_two_projects_with_the_same_name_are_shown_with_their_projects(
    harness: EngineHarness, browser: Browser, run: str
) -> None:
    create_job(harness, "days", "flaky")
    harness.advance(6_000)
    assert "<h1>nights-flaky</h1>" in browser.get(f"/jobs/{PLACE}:stateMachine:nights-flaky").body
    assert "nights-flaky, run of" in browser.get(f"/runs/{run}").text
    calendar = browser.get("/calendar").text
    assert "days-flaky" in calendar
    assert "nights-flaky" in calendar


def test_a_removed_job_is_called_by_the_same_name_as_before(harness: EngineHarness, browser: Browser, run: str) -> None:
    create_job(harness, "nights", "other")
    harness.call("states", "StopExecution", executionArn=run)
    harness.call("states", "DeleteStateMachine", stateMachineArn=f"{PLACE}:stateMachine:nights-flaky")
    harness.advance(6_000)
    assert "<h1>flaky</h1>" in browser.get(f"/jobs/{PLACE}:stateMachine:nights-flaky").body
    assert "still stored: flaky" in browser.get("/jobs").text
