"""The engine is killed at every commit of a night of schedules, before it and after it: each slot has run once."""

import itertools
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import loads
from tests.engines import ACCOUNT, REGION, ROLE, Died
from tests.services.scheduler.desk import MINUTE, QUEUE, Desk

SLOTS = 3
STEP = 30_000


def prepare(directory: Path) -> Desk:
    """A desk before the night: a message, an execution and a flexible message, each minute, and one that goes."""
    desk = Desk(directory)
    desk.up()
    given = '{"at":"<aws.scheduler.scheduled-time>"}'
    desk.schedule("cron(1-3 0 * * ? *)", "message")
    desk.schedule("cron(1-3 0 * * ? *)", "execution", desk.pass_machine() | {"Input": given})
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1}
    flexible = {"Arn": QUEUE, "RoleArn": ROLE, "Input": "flexible <aws.scheduler.scheduled-time>"}
    desk.schedule("cron(1-3 0 * * ? *)", "flexible", flexible, FlexibleTimeWindow=window)
    desk.schedule("at(2026-01-01T00:02:00)", "goes", flexible | {"Input": "goes"}, ActionAfterCompletion="DELETE")
    return desk


def play(desk: Desk) -> int:
    """Go through the night, with a new engine whenever one dies; how many died."""
    deaths, end = 0, desk.clock.now() + 6 * MINUTE
    while desk.clock.now() < end:
        try:
            desk.advance(STEP)
        except Died:
            deaths += 1
            desk.up()
    return deaths


def check(desk: Desk) -> None:
    """Nobody can tell that anything has happened."""
    times = [f"2026-01-01T00:0{minute}:00Z" for minute in (1, 2, 3)]
    expected = Counter([*times, *(f"flexible {time}" for time in times), "goes"])
    assert Counter(desk.bodies()) == expected
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:nothing"
    executions = desk.call("states", "ListExecutions", stateMachineArn=machine)["executions"]
    inputs = [loads(desk.describe(each["executionArn"])["input"])["at"] for each in executions]
    assert sorted(inputs) == times
    for name in ("message", "execution", "flexible"):
        assert desk.outcomes(name) == ["DELIVERED"] * SLOTS
    names = [each["Name"] for each in desk.call("scheduler", "ListSchedules")["Schedules"]]
    assert names == ["execution", "flexible", "message"]
    assert desk.rows("SELECT * FROM outbox") == desk.rows("SELECT * FROM deliveries WHERE finished IS NULL") == []


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
        desk = prepare(tmp_path / str(commit))
        desk.die_at(commit, before=before)
        deaths = play(desk)
        check(desk)
        desk.close()
        killed += deaths
        if not deaths:
            break
    assert killed >= commits - 2, "the night has more commits than were tried"


def test_a_group_whose_deletion_is_cut_off_is_gone_at_the_next_start(tmp_path: Path) -> None:
    for commit in itertools.count(1):
        desk = Desk(tmp_path / str(commit))
        desk.up()
        desk.call("scheduler", "CreateScheduleGroup", Name="batch")
        for number in range(250):
            desk.schedule("rate(1 hour)", f"job-{number}", GroupName="batch", State="DISABLED")
        desk.die_at(commit, before=False)
        died = False
        try:
            desk.call("scheduler", "DeleteScheduleGroup", Name="batch")
            desk.settle()
        except Died:
            died = True
            desk.up()
        assert desk.rows("SELECT * FROM schedules") == desk.rows("SELECT * FROM schedule_groups") == []
        with suppress(AwsError):
            raise AssertionError(desk.call("scheduler", "GetScheduleGroup", Name="batch"))
        desk.close()
        if not died:
            return
