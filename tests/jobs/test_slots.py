"""A slot starts one run on AWS, however often Scheduler delivers it, and a slot that starts none is told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, loads
from lamplighter.bus import Caller, Operation
from lamplighter.runs.schedules import names_target_in_input, started_arn
from lamplighter.runtime.fake import Script
from lamplighter.store.db import Tx
from tests.engine_harness import ACCOUNT, HOUR, REGION
from tests.jobs.test_alerts import Desk
from tests.jobs.test_untold import replace

MACHINES = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:"
DAY = 24 * HOUR


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "data")
    made.up()
    yield made
    made.close()


def runs(harness: Desk, name: str = "p-job") -> list[Json]:
    """The runs of a job, the oldest first."""
    found: list[Json] = harness.call("states", "ListExecutions", stateMachineArn=MACHINES + name)["executions"]
    return found[::-1]


def deliver(harness: Desk, slot: str = "2026-01-01T03:00:00Z", suffix: str = "") -> None:
    """Deliver a slot as Scheduler does, without waiting for it."""
    target = harness.call("scheduler", "GetSchedule", Name=f"p-job{suffix}", GroupName="p")["Target"]
    given = loads(target["Input"].replace("<aws.scheduler.scheduled-time>", slot))
    harness.start(target["Arn"], given)
    harness.settle()


def test_the_run_of_a_slot_is_named_after_it_and_is_given_what_the_job_is_given(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "schedule: cron(0 3 * * ? *)\ninput: {money: '$${money}'}", url="")
    harness.advance(3 * HOUR)
    (run,) = runs(harness)
    assert run["name"] == "2026-01-01T03-00-00Z"
    given = {"money": "${money}", "lamplighter": {"scheduled": "2026-01-01T03:00:00Z"}}
    assert loads(harness.describe(run["executionArn"])["input"]) == given


@pytest.mark.parametrize("code", [0, 3])
def test_a_slot_that_is_delivered_twice_starts_one_run(harness: Desk, tmp_path: Path, code: int) -> None:
    harness.deploy(tmp_path, "schedule: cron(0 3 * * ? *)", url="")
    harness.runtime.script(Script(code=code, after=60_000))
    deliver(harness)
    deliver(harness)  # while it runs
    harness.advance(120_000)
    deliver(harness)  # when it is over
    assert len(runs(harness)) == 1
    assert {each["status"] for each in runs(harness, "p--start")} == {"SUCCEEDED"}


def test_slots_of_several_expressions_are_several_slots_and_a_run_by_hand_is_none(
    harness: Desk, tmp_path: Path
) -> None:
    harness.deploy(tmp_path, "schedule: ['cron(0 3 * * ? *)', 'cron(0 3 1 * ? *)']", url="")
    for suffix in ("", "--2", "", "--2"):
        deliver(harness, suffix=suffix)
    harness.start(f"{MACHINES}p-job", loads(harness.describe(runs(harness)[0]["executionArn"])["input"]))
    harness.settle()
    names = [each["name"] for each in runs(harness)]
    assert names[:2] == ["2026-01-01T03-00-00Z", "2026-01-01T03-00-00Z--2"]
    assert len(names) == 3


def test_a_start_that_fails_is_tried_again_and_leaves_no_name_behind(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "schedule: cron(0 3 * * ? *)", url="")
    refuse_to_start(harness, 3)
    deliver(harness)
    assert runs(harness) == []
    for _ in range(6):
        harness.advance(10_000)
    assert len(runs(harness)) == 1


def test_a_start_that_fails_for_good_is_told(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "schedule: cron(0 3 * * ? *)\nnotify: {did-not-start: q}", url="")
    refuse_to_start(harness, 100)
    deliver(harness)
    for _ in range(60):
        harness.advance(60_000)
    assert [each["status"] for each in runs(harness, "p--start")] == ["FAILED"]
    (told,) = harness.alerts()
    assert told.startswith("p--start ended FAILED: a run may not have been started at its time.\n")


def refuse_to_start(harness: Desk, times: int) -> None:
    """Have Step Functions refuse the next starts that name a run."""
    start, left = harness.engine.bus._find("states", "StartExecution").write, [None] * times

    def begun(tx: Tx, caller: Caller, params: Json) -> Json:
        if left and "name" in params:
            left.pop()
            raise AwsError("Rate exceeded", code="ThrottlingException", status=400)
        assert start is not None
        return start(tx, caller, params)

    replace(harness, "states", "StartExecution", Operation(write=begun))


def test_a_role_of_one_s_own_starts_the_job_itself(harness: Desk, tmp_path: Path) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/starts"
    harness.deploy(tmp_path, f"schedule: cron(0 3 * * ? *)\nroles: {{schedule: '{role}'}}", url="")
    target = harness.call("scheduler", "GetSchedule", Name="p-job", GroupName="p")["Target"]
    assert (target["Arn"], target["RoleArn"]) == (f"{MACHINES}p-job", role)


def test_what_a_schedule_starts_is_seen_through_the_machine_that_starts_it(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "schedule: cron(0 3 * * ? *)", url="")
    target = harness.call("scheduler", "GetSchedule", Name="p-job", GroupName="p")["Target"]
    assert names_target_in_input(target)
    assert started_arn(target) == f"{MACHINES}p-job"


MONTHLY = "schedule: cron(0 3 1 * ? *)\nnotify: {did-not-start: q}"


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:4566"])
@pytest.mark.parametrize("schedule", ["cron(0 3 1 * ? *)", "cron(0 3 ? * THU *)", "at(2026-01-01T03:00:00)"])
def test_a_slot_of_a_job_that_runs_seldom_is_told_where_no_run_began(
    harness: Desk, tmp_path: Path, schedule: str, url: str
) -> None:
    harness.deploy(tmp_path, f"schedule: {schedule}\nnotify: {{did-not-start: q}}", url=url)
    harness.call("scheduler", "UpdateSchedule", **disabled(harness))
    harness.advance(3 * HOUR)
    harness.advance(HOUR + 60_000)
    (told,) = harness.alerts()
    assert told.splitlines()[0] == "p: no run of the job job began at its time."
    assert "Scheduled: 2026-01-01T03:00:00Z\n" in told


def disabled(harness: Desk) -> Json:
    """The job's schedule as somebody turns it off by hand."""
    told = harness.call("scheduler", "GetSchedule", Name="p-job", GroupName="p")
    fields = ("Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target")
    return {**{each: told[each] for each in fields}, "State": "DISABLED"}


def test_a_slot_of_a_job_that_runs_seldom_is_not_told_where_a_run_began(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, MONTHLY, url="")
    for _ in range(6):
        harness.advance(HOUR)
    assert len(runs(harness)) == 1
    assert [each["status"] for each in runs(harness, "p--slots")] == ["SUCCEEDED"]
    assert harness.alerts() == []


def test_each_start_that_scheduler_gives_up_rings(harness: Desk, tmp_path: Path) -> None:
    harness.deploy(tmp_path, "schedule: cron(0 3 * * ? *)\nnotify: {did-not-start: q}", url="")
    harness.call("states", "DeleteStateMachine", stateMachineArn=f"{MACHINES}p--start")
    harness.settle()
    for _ in range(2):
        harness.advance(3 * HOUR)
        for _ in range(30):
            harness.advance(60_000)
        harness.advance(DAY - 3 * HOUR - 30 * 60_000)
    assert len([each for each in harness.alerts() if "p-given-up" in each]) == 2
