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
from tests.engines import ACCOUNT, HOUR, REGION
from tests.jobs.test_alerts import Desk
from tests.jobs.test_untold import replace

MACHINES = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:"
DAY = 24 * HOUR


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "data")
    made.up()
    yield made
    made.close()


def runs(desk: Desk, name: str = "p-job") -> list[Json]:
    """The runs of a job, the oldest first."""
    found: list[Json] = desk.call("states", "ListExecutions", stateMachineArn=MACHINES + name)["executions"]
    return found[::-1]


def deliver(desk: Desk, slot: str = "2026-01-01T03:00:00Z", suffix: str = "") -> None:
    """Deliver a slot as Scheduler does, without waiting for it."""
    target = desk.call("scheduler", "GetSchedule", Name=f"p-job{suffix}", GroupName="p")["Target"]
    given = loads(target["Input"].replace("<aws.scheduler.scheduled-time>", slot))
    desk.start(target["Arn"], given)
    desk.settle()


def test_the_run_of_a_slot_is_named_after_it_and_is_given_what_the_job_is_given(desk: Desk, tmp_path: Path) -> None:
    desk.deploy(tmp_path, "schedule: cron(0 3 * * ? *)\ninput: {money: '$${money}'}", url="")
    desk.advance(3 * HOUR)
    (run,) = runs(desk)
    assert run["name"] == "2026-01-01T03-00-00Z"
    given = {"money": "${money}", "lamplighter": {"scheduled": "2026-01-01T03:00:00Z"}}
    assert loads(desk.describe(run["executionArn"])["input"]) == given


@pytest.mark.parametrize("code", [0, 3])
def test_a_slot_that_is_delivered_twice_starts_one_run(desk: Desk, tmp_path: Path, code: int) -> None:
    desk.deploy(tmp_path, "schedule: cron(0 3 * * ? *)", url="")
    desk.runtime.script(Script(code=code, after=60_000))
    deliver(desk)
    deliver(desk)  # while it runs
    desk.advance(120_000)
    deliver(desk)  # when it is over
    assert len(runs(desk)) == 1
    assert {each["status"] for each in runs(desk, "p--start")} == {"SUCCEEDED"}


def test_slots_of_several_expressions_are_several_slots_and_a_run_by_hand_is_none(desk: Desk, tmp_path: Path) -> None:
    desk.deploy(tmp_path, "schedule: ['cron(0 3 * * ? *)', 'cron(0 3 1 * ? *)']", url="")
    for suffix in ("", "--2", "", "--2"):
        deliver(desk, suffix=suffix)
    desk.start(f"{MACHINES}p-job", loads(desk.describe(runs(desk)[0]["executionArn"])["input"]))
    desk.settle()
    names = [each["name"] for each in runs(desk)]
    assert names[:2] == ["2026-01-01T03-00-00Z", "2026-01-01T03-00-00Z--2"]
    assert len(names) == 3


def test_a_start_that_fails_is_tried_again_and_leaves_no_name_behind(desk: Desk, tmp_path: Path) -> None:
    desk.deploy(tmp_path, "schedule: cron(0 3 * * ? *)", url="")
    refuse_to_start(desk, 3)
    deliver(desk)
    assert runs(desk) == []
    for _ in range(6):
        desk.advance(10_000)
    assert len(runs(desk)) == 1


def test_a_start_that_fails_for_good_is_told(desk: Desk, tmp_path: Path) -> None:
    desk.deploy(tmp_path, "schedule: cron(0 3 * * ? *)\nnotify: {did-not-start: q}", url="")
    refuse_to_start(desk, 100)
    deliver(desk)
    for _ in range(60):
        desk.advance(60_000)
    assert [each["status"] for each in runs(desk, "p--start")] == ["FAILED"]
    (told,) = desk.alerts()
    assert told.startswith("p--start ended FAILED: a run may not have been started at its time.\n")


def refuse_to_start(desk: Desk, times: int) -> None:
    """Have Step Functions refuse the next starts that name a run."""
    start, left = desk.engine.bus._find("states", "StartExecution").write, [None] * times

    def begun(tx: Tx, caller: Caller, params: Json) -> Json:
        if left and "name" in params:
            left.pop()
            raise AwsError("Rate exceeded", code="ThrottlingException", status=400)
        assert start is not None
        return start(tx, caller, params)

    replace(desk, "states", "StartExecution", Operation(write=begun))


def test_a_role_of_one_s_own_starts_the_job_itself(desk: Desk, tmp_path: Path) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/starts"
    desk.deploy(tmp_path, f"schedule: cron(0 3 * * ? *)\nroles: {{schedule: '{role}'}}", url="")
    target = desk.call("scheduler", "GetSchedule", Name="p-job", GroupName="p")["Target"]
    assert (target["Arn"], target["RoleArn"]) == (f"{MACHINES}p-job", role)


def test_what_a_schedule_starts_is_seen_through_the_machine_that_starts_it(desk: Desk, tmp_path: Path) -> None:
    desk.deploy(tmp_path, "schedule: cron(0 3 * * ? *)", url="")
    target = desk.call("scheduler", "GetSchedule", Name="p-job", GroupName="p")["Target"]
    assert names_target_in_input(target)
    assert started_arn(target) == f"{MACHINES}p-job"


MONTHLY = "schedule: cron(0 3 1 * ? *)\nnotify: {did-not-start: q}"


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:4566"])
@pytest.mark.parametrize("schedule", ["cron(0 3 1 * ? *)", "cron(0 3 ? * THU *)", "at(2026-01-01T03:00:00)"])
def test_a_slot_of_a_job_that_runs_seldom_is_told_where_no_run_began(
    desk: Desk, tmp_path: Path, schedule: str, url: str
) -> None:
    desk.deploy(tmp_path, f"schedule: {schedule}\nnotify: {{did-not-start: q}}", url=url)
    desk.call("scheduler", "UpdateSchedule", **disabled(desk))
    desk.advance(3 * HOUR)
    desk.advance(HOUR + 60_000)
    (told,) = desk.alerts()
    assert told.splitlines()[0] == "p: no run of the job job began at its time."
    assert "Scheduled: 2026-01-01T03:00:00Z\n" in told


def disabled(desk: Desk) -> Json:
    """The job's schedule as somebody turns it off by hand."""
    told = desk.call("scheduler", "GetSchedule", Name="p-job", GroupName="p")
    fields = ("Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target")
    return {**{each: told[each] for each in fields}, "State": "DISABLED"}


def test_a_slot_of_a_job_that_runs_seldom_is_not_told_where_a_run_began(desk: Desk, tmp_path: Path) -> None:
    desk.deploy(tmp_path, MONTHLY, url="")
    for _ in range(6):
        desk.advance(HOUR)
    assert len(runs(desk)) == 1
    assert [each["status"] for each in runs(desk, "p--slots")] == ["SUCCEEDED"]
    assert desk.alerts() == []


def test_each_start_that_scheduler_gives_up_rings(desk: Desk, tmp_path: Path) -> None:
    desk.deploy(tmp_path, "schedule: cron(0 3 * * ? *)\nnotify: {did-not-start: q}", url="")
    desk.call("states", "DeleteStateMachine", stateMachineArn=f"{MACHINES}p--start")
    desk.settle()
    for _ in range(2):
        desk.advance(3 * HOUR)
        for _ in range(30):
            desk.advance(60_000)
        desk.advance(DAY - 3 * HOUR - 30 * 60_000)
    assert len([each for each in desk.alerts() if "p-given-up" in each]) == 2
