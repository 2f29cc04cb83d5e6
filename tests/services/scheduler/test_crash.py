"""Kill the engine before and after each commit while schedules run: each slot runs once."""

import itertools
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import loads
from tests.engine_harness import ACCOUNT, REGION, ROLE, EngineDied
from tests.services.scheduler.scheduler_harness import MINUTE, QUEUE, SchedulerHarness

SLOTS = 3
STEP = 30_000


def prepare_harness(directory: Path) -> SchedulerHarness:
    """Return a harness with schedules: each minute a message, an execution and a flexible message; once a message."""
    harness = SchedulerHarness(directory)
    harness.up()
    given = '{"at":"<aws.scheduler.scheduled-time>"}'
    harness.create_schedule("cron(1-3 0 * * ? *)", "message")
    harness.create_schedule("cron(1-3 0 * * ? *)", "execution", harness.create_machine_target() | {"Input": given})
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1}
    flexible = {"Arn": QUEUE, "RoleArn": ROLE, "Input": "flexible <aws.scheduler.scheduled-time>"}
    harness.create_schedule("cron(1-3 0 * * ? *)", "flexible", flexible, FlexibleTimeWindow=window)
    harness.create_schedule(
        "at(2026-01-01T00:02:00)", "goes", flexible | {"Input": "goes"}, ActionAfterCompletion="DELETE"
    )
    return harness


def run_six_minutes(harness: SchedulerHarness) -> int:
    """Advance six minutes, start a new engine after each death, and return the number of deaths."""
    deaths, end = 0, harness.clock.now() + 6 * MINUTE
    while harness.clock.now() < end:
        try:
            harness.advance(STEP)
        except EngineDied:
            deaths += 1
            harness.up()
    return deaths


def check_each_slot_ran_once(harness: SchedulerHarness) -> None:
    """Check that the calls, the slots and the rows are those of an engine that was never killed."""
    times = [f"2026-01-01T00:0{minute}:00Z" for minute in (1, 2, 3)]
    expected = Counter([*times, *(f"flexible {time}" for time in times), "goes"])
    assert Counter(harness.bodies()) == expected
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:nothing"
    executions = harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"]
    inputs = [loads(harness.describe(each["executionArn"])["input"])["at"] for each in executions]
    assert sorted(inputs) == times
    for name in ("message", "execution", "flexible"):
        assert harness.outcomes(name) == ["DELIVERED"] * SLOTS
    names = [each["Name"] for each in harness.call("scheduler", "ListSchedules")["Schedules"]]
    assert names == ["execution", "flexible", "message"]
    assert harness.rows("SELECT * FROM outbox") == harness.rows("SELECT * FROM deliveries WHERE finished IS NULL") == []


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_every_slot_runs_once_if_the_engine_is_killed_at_any_commit(tmp_path: Path, before: bool) -> None:
    undisturbed = prepare_harness(tmp_path / "quiet")
    commits = undisturbed.disk.commits
    assert run_six_minutes(undisturbed) == 0
    commits = undisturbed.disk.commits - commits
    check_each_slot_ran_once(undisturbed)
    undisturbed.close()
    killed = 0
    for commit in itertools.count(1):
        harness = prepare_harness(tmp_path / str(commit))
        harness.die_at(commit, before=before)
        deaths = run_six_minutes(harness)
        check_each_slot_ran_once(harness)
        harness.close()
        killed += deaths
        if not deaths:
            break
    assert killed >= commits - 2, "the night has more commits than were tried"


def test_an_interrupted_deletion_of_a_group_is_completed_at_the_next_start(tmp_path: Path) -> None:
    for commit in itertools.count(1):
        harness = SchedulerHarness(tmp_path / str(commit))
        harness.up()
        harness.call("scheduler", "CreateScheduleGroup", Name="batch")
        for number in range(250):
            harness.create_schedule("rate(1 hour)", f"job-{number}", GroupName="batch", State="DISABLED")
        harness.die_at(commit, before=False)
        died = False
        try:
            harness.call("scheduler", "DeleteScheduleGroup", Name="batch")
            harness.settle()
        except EngineDied:
            died = True
            harness.up()
        assert harness.rows("SELECT * FROM schedules") == harness.rows("SELECT * FROM schedule_groups") == []
        with suppress(AwsError):
            raise AssertionError(harness.call("scheduler", "GetScheduleGroup", Name="batch"))
        harness.close()
        if not died:
            return
