"""Slots for which no target was called: told once, together, in the channels of the job, whatever dropped them."""

import itertools
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.engine_harness import ACCOUNT, REGION, ROLE, EngineDied
from tests.services.scheduler.scheduler_harness import DAY, HOUR, MINUTE, QUEUE, SchedulerHarness

SECOND = 1_000
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:ops-topic"


def mark(harness: SchedulerHarness, name: str = "job", job: str = "nightly") -> None:
    harness.call("scheduler", "SetMark", Name=name, Job=job, Tell={"ops": "ops-topic"})


def messages(harness: SchedulerHarness) -> list[Json]:
    """What was published to topics, the gathering of slots being over."""
    harness.advance(10 * SECOND)
    return [call for call in harness.calls() if "TopicArn" in call]


def sent(harness: SchedulerHarness) -> list[Json]:
    """What was sent to the schedule's own target."""
    return [call for call in harness.calls() if "MessageBody" in call]


def nightly(harness: SchedulerHarness, within: int | None = 6 * 3600, **params: Json) -> None:
    harness.schedule("cron(0 1 * * ? *)", **params)
    harness.missed("last", within=within)
    mark(harness)


def test_a_night_that_was_missed_is_told_at_the_start_that_finds_it(harness: SchedulerHarness) -> None:
    nightly(harness, ScheduleExpressionTimezone="Asia/Seoul")
    harness.off(1 * DAY)  # until 09:00 in Seoul
    (found,) = messages(harness)
    assert found == {
        "TopicArn": TOPIC,
        "Subject": "default: nightly did not start",
        "Message": (
            "default: the job nightly did not start at one of its scheduled times. "
            "This run will not be started later.\n\n"
            "Time:      2026-01-02 01:00 (Asia/Seoul)\n"
            "Reason:    no engine ran at that time, and it is more than 6 h ago\n"
            "Look at:   http://127.0.0.1:4566/\n"
            "Run now:   lamplighter run default-nightly\n"
        ),
    }
    assert sent(harness) == []


def test_it_is_told_exactly_once_however_often_the_engine_starts(harness: SchedulerHarness) -> None:
    nightly(harness)
    harness.off(DAY - MINUTE)
    for _ in range(3):
        harness.off(2 * SECOND)
    assert len(messages(harness)) == 1
    harness.off(2 * SECOND)
    assert len(messages(harness)) == 1


def test_slots_of_all_schedules_of_a_job_are_one_message(harness: SchedulerHarness) -> None:
    nightly(harness)
    harness.schedule("rate(1 hour)", "second")
    harness.missed("none", "second")
    mark(harness, "second")
    harness.settle()
    harness.off(DAY - MINUTE)
    (found,) = messages(harness)
    assert "did not start at 24 of its scheduled times. These runs will not be started later." in found["Message"]
    assert "Time:      2026-01-01 01:00 (UTC)\n" in found["Message"]
    assert "Time:      2026-01-01 01:00 (UTC) to 2026-01-01 23:00 (UTC) (23 times)\n" in found["Message"]
    assert "this schedule's missed times are skipped" in found["Message"]


def test_times_that_a_later_run_stands_for_are_not_told(harness: SchedulerHarness) -> None:
    harness.schedule("cron(0 * * * ? *)")
    mark(harness)
    harness.off(10 * HOUR + 30 * MINUTE)
    assert len(sent(harness)) == 1
    assert messages(harness) == []


def test_many_times_are_counted_in_one_message(harness: SchedulerHarness) -> None:
    harness.schedule("rate(1 minute)")
    harness.settle()
    harness.missed("all", within=60)
    mark(harness)
    harness.off(5 * DAY)
    (found,) = messages(harness)
    assert "(7198 times)" in found["Message"]


def test_nothing_is_told_of_what_is_made_up_for(harness: SchedulerHarness) -> None:
    nightly(harness)
    harness.off(2 * HOUR)
    assert len(sent(harness)) == 1
    assert messages(harness) == []


def test_a_target_that_is_gone_is_told_with_the_reason(harness: SchedulerHarness) -> None:
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:gone"
    harness.schedule(
        "rate(1 day)", target={"Arn": machine, "RoleArn": ROLE, "RetryPolicy": {"MaximumRetryAttempts": 0}}
    )
    mark(harness)
    harness.settle()
    (found,) = messages(harness)
    assert "Reason:    StateMachineDoesNotExist" in found["Message"]


def test_a_target_that_refuses_until_the_slot_is_too_old_is_told(harness: SchedulerHarness) -> None:
    target = {"Arn": QUEUE, "RoleArn": ROLE, "Input": "x", "RetryPolicy": {"MaximumRetryAttempts": 0}}
    harness.schedule("cron(0 1 * * ? *)", target=target)
    mark(harness)
    harness.engine.faults.append(AwsError("slow down", code="ThrottlingException", status=429))
    harness.advance(HOUR)
    (found,) = messages(harness)
    assert "slow down" in found["Message"]


def test_a_schedule_that_cannot_be_read_is_told(harness: SchedulerHarness) -> None:
    nightly(harness)
    harness.crash()
    harness.damage("UPDATE schedules SET body = '{'")
    harness.up()
    harness.advance(HOUR)
    (found,) = messages(harness)
    assert "The schedule cannot be read." in found["Message"]


def test_a_slot_whose_window_was_open_when_its_schedule_was_changed_is_told(harness: SchedulerHarness) -> None:
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60}
    nightly(harness, FlexibleTimeWindow=window)
    harness.advance(HOUR)
    assert harness.outcomes() == ["WAITING"]
    changed = {**harness.get(), "FlexibleTimeWindow": window, "Description": "changed"}
    allowed = ("Name", "ScheduleExpression", "Target", "FlexibleTimeWindow", "Description")
    harness.call("scheduler", "UpdateSchedule", **{name: changed[name] for name in allowed})
    (found,) = messages(harness)
    assert "the schedule was changed while the slot waited in its flexible time window" in found["Message"]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_killed_at_any_commit_it_is_told_once(tmp_path: Path, before: bool) -> None:
    for commit in itertools.count(1):
        harness = SchedulerHarness(tmp_path / str(commit))
        harness.up()
        nightly(harness)
        harness.crash()
        harness.clock.advance(DAY - MINUTE)
        harness.die_at(commit, before=before)
        died = False
        try:
            harness.up()
            harness.advance(10 * SECOND)
        except EngineDied:
            died = True
            harness.up()
        harness.advance(10 * SECOND)
        assert len(messages(harness)) == 1
        harness.close()
        if not died:
            return
