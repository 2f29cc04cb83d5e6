"""The engine is killed at every commit of a night of schedules, before it and after it: each slot has run once."""

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


def prepare(directory: Path) -> SchedulerHarness:
    """A harness before the night: a message, an execution and a flexible message, each minute, and one that goes."""
    harness = SchedulerHarness(directory)
    harness.up()
    given = '{"at":"<aws.scheduler.scheduled-time>"}'
    harness.schedule("cron(1-3 0 * * ? *)", "message")
    harness.schedule("cron(1-3 0 * * ? *)", "execution", harness.pass_machine() | {"Input": given})
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1}
    flexible = {"Arn": QUEUE, "RoleArn": ROLE, "Input": "flexible <aws.scheduler.scheduled-time>"}
    harness.schedule("cron(1-3 0 * * ? *)", "flexible", flexible, FlexibleTimeWindow=window)
    harness.schedule("at(2026-01-01T00:02:00)", "goes", flexible | {"Input": "goes"}, ActionAfterCompletion="DELETE")
    return harness


def play(harness: SchedulerHarness) -> int:
    """Go through the night, with a new engine whenever one dies; how many died."""
    deaths, end = 0, harness.clock.now() + 6 * MINUTE
    while harness.clock.now() < end:
        try:
            harness.advance(STEP)
        except EngineDied:
            deaths += 1
            harness.up()
    return deaths


def check(harness: SchedulerHarness) -> None:
    """Nobody can tell that anything has happened."""
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
def test_killed_at_any_commit_every_slot_runs_once(tmp_path: Path, before: bool) -> None:
    quiet = prepare(tmp_path / "quiet")
    commits = quiet.disk.commits
    assert play(quiet) == 0
    commits = quiet.disk.commits - commits
    check(quiet)
    quiet.close()
    killed = 0
    for commit in itertools.count(1):
        harness = prepare(tmp_path / str(commit))
        harness.die_at(commit, before=before)
        deaths = play(harness)
        check(harness)
        harness.close()
        killed += deaths
        if not deaths:
            break
    assert killed >= commits - 2, "the night has more commits than were tried"


def test_a_group_whose_deletion_is_cut_off_is_gone_at_the_next_start(tmp_path: Path) -> None:
    for commit in itertools.count(1):
        harness = SchedulerHarness(tmp_path / str(commit))
        harness.up()
        harness.call("scheduler", "CreateScheduleGroup", Name="batch")
        for number in range(250):
            harness.schedule("rate(1 hour)", f"job-{number}", GroupName="batch", State="DISABLED")
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
