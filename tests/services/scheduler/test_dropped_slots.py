"""Slots for which no target was called: told once, together, in the channels of the job, whatever dropped them."""

import itertools
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.engines import ACCOUNT, REGION, ROLE, Died
from tests.services.scheduler.desk import DAY, HOUR, MINUTE, QUEUE, Desk

SECOND = 1_000
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:ops-topic"


def mark(desk: Desk, name: str = "job", job: str = "nightly") -> None:
    desk.call("scheduler", "SetMark", Name=name, Job=job, Tell={"ops": "ops-topic"})


def messages(desk: Desk) -> list[Json]:
    """What was published to topics, the gathering of slots being over."""
    desk.advance(10 * SECOND)
    return [call for call in desk.calls() if "TopicArn" in call]


def sent(desk: Desk) -> list[Json]:
    """What was sent to the schedule's own target."""
    return [call for call in desk.calls() if "MessageBody" in call]


def nightly(desk: Desk, within: int | None = 6 * 3600, **params: Json) -> None:
    desk.schedule("cron(0 1 * * ? *)", **params)
    desk.missed("last", within=within)
    mark(desk)


def test_a_night_that_was_missed_is_told_at_the_start_that_finds_it(desk: Desk) -> None:
    nightly(desk, ScheduleExpressionTimezone="Asia/Seoul")
    desk.off(1 * DAY)  # until 09:00 in Seoul
    (found,) = messages(desk)
    assert found == {
        "TopicArn": TOPIC,
        "Subject": "default: nightly did not start",
        "Message": (
            "default: the job nightly did not start at one of its times, and will not be started for it any more.\n\n"
            "Time:      2026-01-02 01:00 (Asia/Seoul)\n"
            "Reason:    no engine ran at that time, and it is more than 6 h ago\n"
            "Look at:   http://127.0.0.1:4566/\n"
            "Run now:   lamplighter run default-nightly\n"
        ),
    }
    assert sent(desk) == []


def test_it_is_told_exactly_once_however_often_the_engine_starts(desk: Desk) -> None:
    nightly(desk)
    desk.off(DAY - MINUTE)
    for _ in range(3):
        desk.off(2 * SECOND)
    assert len(messages(desk)) == 1
    desk.off(2 * SECOND)
    assert len(messages(desk)) == 1


def test_slots_of_all_schedules_of_a_job_are_one_message(desk: Desk) -> None:
    nightly(desk)
    desk.schedule("rate(1 hour)", "second")
    desk.missed("none", "second")
    mark(desk, "second")
    desk.settle()
    desk.off(DAY - MINUTE)
    (found,) = messages(desk)
    assert "did not start at 24 of its times, and will not be started for them" in found["Message"]
    assert "Time:      2026-01-01 01:00 (UTC)\n" in found["Message"]
    assert "Time:      2026-01-01 01:00 (UTC) to 2026-01-01 23:00 (UTC) (23 times)\n" in found["Message"]
    assert "missed times of this schedule are not made up for" in found["Message"]


def test_times_that_a_later_run_stands_for_are_not_told(desk: Desk) -> None:
    desk.schedule("cron(0 * * * ? *)")
    mark(desk)
    desk.off(10 * HOUR + 30 * MINUTE)
    assert len(sent(desk)) == 1
    assert messages(desk) == []


def test_many_times_are_counted_in_one_message(desk: Desk) -> None:
    desk.schedule("rate(1 minute)")
    desk.settle()
    desk.missed("all", within=60)
    mark(desk)
    desk.off(5 * DAY)
    (found,) = messages(desk)
    assert "(7198 times)" in found["Message"]


def test_nothing_is_told_of_what_is_made_up_for(desk: Desk) -> None:
    nightly(desk)
    desk.off(2 * HOUR)
    assert len(sent(desk)) == 1
    assert messages(desk) == []


def test_a_target_that_is_gone_is_told_with_the_reason(desk: Desk) -> None:
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:gone"
    desk.schedule("rate(1 day)", target={"Arn": machine, "RoleArn": ROLE, "RetryPolicy": {"MaximumRetryAttempts": 0}})
    mark(desk)
    desk.settle()
    (found,) = messages(desk)
    assert "Reason:    StateMachineDoesNotExist" in found["Message"]


def test_a_target_that_refuses_until_the_slot_is_too_old_is_told(desk: Desk) -> None:
    target = {"Arn": QUEUE, "RoleArn": ROLE, "Input": "x", "RetryPolicy": {"MaximumRetryAttempts": 0}}
    desk.schedule("cron(0 1 * * ? *)", target=target)
    mark(desk)
    desk.engine.faults.append(AwsError("slow down", code="ThrottlingException", status=429))
    desk.advance(HOUR)
    (found,) = messages(desk)
    assert "slow down" in found["Message"]


def test_a_schedule_that_cannot_be_read_is_told(desk: Desk) -> None:
    nightly(desk)
    desk.crash()
    desk.damage("UPDATE schedules SET body = '{'")
    desk.up()
    desk.advance(HOUR)
    (found,) = messages(desk)
    assert "The schedule cannot be read." in found["Message"]


def test_a_slot_whose_window_was_open_when_its_schedule_was_changed_is_told(desk: Desk) -> None:
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60}
    nightly(desk, FlexibleTimeWindow=window)
    desk.advance(HOUR)
    assert desk.outcomes() == ["WAITING"]
    changed = {**desk.get(), "FlexibleTimeWindow": window, "Description": "changed"}
    allowed = ("Name", "ScheduleExpression", "Target", "FlexibleTimeWindow", "Description")
    desk.call("scheduler", "UpdateSchedule", **{name: changed[name] for name in allowed})
    (found,) = messages(desk)
    assert "the schedule was changed before the moment in its flexible time window had come" in found["Message"]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_killed_at_any_commit_it_is_told_once(tmp_path: Path, before: bool) -> None:
    for commit in itertools.count(1):
        desk = Desk(tmp_path / str(commit))
        desk.up()
        nightly(desk)
        desk.crash()
        desk.clock.advance(DAY - MINUTE)
        desk.die_at(commit, before=before)
        died = False
        try:
            desk.up()
            desk.advance(10 * SECOND)
        except Died:
            died = True
            desk.up()
        desk.advance(10 * SECOND)
        assert len(messages(desk)) == 1
        desk.close()
        if not died:
            return
