"""On AWS, a slot starts one run however often Scheduler delivers it, and a slot without a run sends an alert."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, loads
from lamplighter.bus import Caller, Operation
from lamplighter.runs.jobs.schedules import names_target_in_input, started_arn
from lamplighter.store.db import Tx
from tests.engine_harness import ACCOUNT, HOUR, REGION
from tests.fake_runtime import Script
from tests.jobs.test_alerts import AlertHarness
from tests.jobs.test_unreported_failures import replace_operation

MACHINES = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:"
DAY = 24 * HOUR


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[AlertHarness]:
    made = AlertHarness(tmp_path / "data")
    made.up()
    yield made
    made.close()


def list_runs(harness: AlertHarness, name: str = "p-job") -> list[Json]:
    """Return the runs of a machine, oldest first."""
    found: list[Json] = harness.call("states", "ListExecutions", stateMachineArn=MACHINES + name)["executions"]
    return found[::-1]


def deliver_slot(harness: AlertHarness, slot: str = "2026-01-01T03:00:00Z", suffix: str = "") -> None:
    """Deliver a slot as Scheduler does, without letting time pass."""
    target = harness.call("scheduler", "GetSchedule", Name=f"p-job{suffix}", GroupName="p")["Target"]
    given = loads(target["Input"].replace("<aws.scheduler.scheduled-time>", slot))
    harness.start(target["Arn"], given)
    harness.settle()


def test_a_slot_s_run_is_named_after_the_slot_and_receives_the_job_s_input(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, "schedule: cron(0 3 * * ? *)\ninput: {money: '$${money}'}", url="")
    harness.advance(3 * HOUR)
    (run,) = list_runs(harness)
    assert run["name"] == "2026-01-01T03-00-00Z"
    expected = {"money": "${money}", "lamplighter": {"scheduled": "2026-01-01T03:00:00Z"}}
    assert loads(harness.describe(run["executionArn"])["input"]) == expected


@pytest.mark.parametrize("code", [0, 3])
def test_a_slot_that_is_delivered_twice_starts_one_run(harness: AlertHarness, tmp_path: Path, code: int) -> None:
    harness.deploy(tmp_path, "schedule: cron(0 3 * * ? *)", url="")
    harness.runtime.script(Script(code=code, after=60_000))
    deliver_slot(harness)
    deliver_slot(harness)  # while it runs
    harness.advance(120_000)
    deliver_slot(harness)  # when it is over
    assert len(list_runs(harness)) == 1
    assert {each["status"] for each in list_runs(harness, "p--start")} == {"SUCCEEDED"}


def test_slots_of_several_schedules_start_several_runs_and_a_manual_run_uses_no_slot(
    harness: AlertHarness, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, "schedule: ['cron(0 3 * * ? *)', 'cron(0 3 1 * ? *)']", url="")
    for suffix in ("", "--2", "", "--2"):
        deliver_slot(harness, suffix=suffix)
    harness.start(f"{MACHINES}p-job", loads(harness.describe(list_runs(harness)[0]["executionArn"])["input"]))
    harness.settle()
    names = [each["name"] for each in list_runs(harness)]
    assert names[:2] == ["2026-01-01T03-00-00Z", "2026-01-01T03-00-00Z--2"]
    assert len(names) == 3


def test_a_failed_start_is_retried_and_does_not_reserve_the_name(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "schedule: cron(0 3 * * ? *)", url="")
    throttle_starts(harness, 3)
    deliver_slot(harness)
    assert list_runs(harness) == []
    for _ in range(6):
        harness.advance(10_000)
    assert len(list_runs(harness)) == 1


def test_a_start_that_fails_permanently_sends_an_alert(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "schedule: cron(0 3 * * ? *)\nnotify: {did-not-start: q}", url="")
    throttle_starts(harness, 100)
    deliver_slot(harness)
    for _ in range(60):
        harness.advance(60_000)
    assert [each["status"] for each in list_runs(harness, "p--start")] == ["FAILED"]
    (alert,) = harness.alerts()
    assert loads(alert)["AlarmDescription"] == "p--start failed: a run may not have been started at its time"


def throttle_starts(harness: AlertHarness, times: int) -> None:
    """Let Step Functions refuse the next `times` calls of StartExecution that name a run."""
    start, left = harness.engine.bus._find("states", "StartExecution").write, [None] * times

    def start_or_refuse(tx: Tx, caller: Caller, params: Json) -> Json:
        if left and "name" in params:
            left.pop()
            raise AwsError("Rate exceeded", code="ThrottlingException", status=400)
        assert start is not None
        return start(tx, caller, params)

    replace_operation(harness, "states", "StartExecution", Operation(write=start_or_refuse))


def test_with_the_user_s_own_schedule_role_the_schedule_starts_the_job_directly(
    harness: AlertHarness, tmp_path: Path
) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/starts"
    harness.deploy(tmp_path, f"schedule: cron(0 3 * * ? *)\nroles: {{schedule: '{role}'}}", url="")
    target = harness.call("scheduler", "GetSchedule", Name="p-job", GroupName="p")["Target"]
    assert (target["Arn"], target["RoleArn"]) == (f"{MACHINES}p-job", role)


def test_a_schedule_s_job_is_found_through_the_start_machine(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "schedule: cron(0 3 * * ? *)", url="")
    target = harness.call("scheduler", "GetSchedule", Name="p-job", GroupName="p")["Target"]
    assert names_target_in_input(target)
    assert started_arn(target) == f"{MACHINES}p-job"


MONTHLY = "schedule: cron(0 3 1 * ? *)\nnotify: {did-not-start: q}"


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:4566"])
@pytest.mark.parametrize("schedule", ["cron(0 3 1 * ? *)", "cron(0 3 ? * THU *)", "at(2026-01-01T03:00:00)"])
def test_a_missed_slot_of_a_rare_job_sends_an_alert(
    harness: AlertHarness, tmp_path: Path, schedule: str, url: str
) -> None:
    harness.deploy(tmp_path, f"schedule: {schedule}\nnotify: {{did-not-start: q}}", url=url)
    harness.call("scheduler", "UpdateSchedule", **build_disable_parameters(harness))
    harness.advance(3 * HOUR)
    harness.advance(HOUR + 60_000)
    (alert,) = harness.alerts()
    assert alert.splitlines()[0] == "job did not start at its time"
    assert "Scheduled: Thu 2026-01-01 03:00:00 (UTC)\n" in alert


def build_disable_parameters(harness: AlertHarness) -> Json:
    """Return the job's schedule as parameters of UpdateSchedule that disable it."""
    schedule = harness.call("scheduler", "GetSchedule", Name="p-job", GroupName="p")
    fields = ("Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target")
    return {**{each: schedule[each] for each in fields}, "State": "DISABLED"}


def test_a_slot_of_a_rare_job_that_started_a_run_sends_no_alert(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, MONTHLY, url="")
    for _ in range(6):
        harness.advance(HOUR)
    assert len(list_runs(harness)) == 1
    assert [each["status"] for each in list_runs(harness, "p--slots")] == ["SUCCEEDED"]
    assert harness.alerts() == []


def test_each_start_that_scheduler_gives_up_sends_an_alert(harness: AlertHarness, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "schedule: cron(0 3 * * ? *)\nnotify: {did-not-start: q}", url="")
    harness.call("states", "DeleteStateMachine", stateMachineArn=f"{MACHINES}p--start")
    harness.settle()
    for _ in range(2):
        harness.advance(3 * HOUR)
        for _ in range(30):
            harness.advance(60_000)
        harness.advance(DAY - 3 * HOUR - 30 * 60_000)
    assert len([each for each in harness.alerts() if "p-given-up" in each]) == 2
