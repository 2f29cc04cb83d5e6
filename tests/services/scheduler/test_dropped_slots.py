"""Report dropped slots once, in one alert, in the channels of the job."""

import itertools
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.services.scheduler import missed_slots
from tests.engine_harness import ACCOUNT, REGION, ROLE, EngineDied
from tests.services.scheduler.scheduler_harness import DAY, HOUR, MINUTE, QUEUE, SchedulerHarness

SECOND = 1_000
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:ops-topic"


def annotate_schedule(harness: SchedulerHarness, name: str = "job", job: str = "nightly") -> None:
    harness.call("scheduler", "SetAnnotation", Name=name, Job=job, Tell={"ops": "ops-topic"})


def collect_alerts(harness: SchedulerHarness) -> list[Json]:
    """Wait until the dropped slots are collected, and return the alerts that were published to topics."""
    harness.advance(10 * SECOND)
    return [call for call in harness.calls() if "TopicArn" in call]


def messages_to_target(harness: SchedulerHarness) -> list[Json]:
    """Return the messages that were sent to the target of the schedule."""
    return [call for call in harness.calls() if "MessageBody" in call]


def create_nightly_schedule(harness: SchedulerHarness, within: int | None = 6 * 3600, **params: Json) -> None:
    harness.create_schedule("cron(0 1 * * ? *)", **params)
    harness.set_missed_policy("last", within=within)
    annotate_schedule(harness)


def test_a_missed_slot_is_reported_at_the_next_start(harness: SchedulerHarness) -> None:
    create_nightly_schedule(harness, ScheduleExpressionTimezone="Asia/Seoul")
    harness.advance_without_engine(1 * DAY)  # until 09:00 in Seoul
    (found,) = collect_alerts(harness)
    assert found == {
        "TopicArn": TOPIC,
        "Subject": "nightly did not start at Fri 2026-01-02 01:00 (Asia/Seoul)",
        "Message": (
            "nightly did not start at Fri 2026-01-02 01:00 (Asia/Seoul)\n\n"
            "Scheduled: Fri 2026-01-02 01:00 (Asia/Seoul)\n"
            "Reason:    no engine ran at that time, and it is more than 6 h ago\n"
            "Project:   default\n"
            "Look at:   http://127.0.0.1:4566/\n"
            "Run now:   lamplighter run default-nightly\n\n"
            "This run will not be started later.\n"
        ),
    }
    assert messages_to_target(harness) == []


def test_a_missed_slot_is_reported_once_even_if_the_engine_starts_several_times(harness: SchedulerHarness) -> None:
    create_nightly_schedule(harness)
    harness.advance_without_engine(DAY - MINUTE)
    for _ in range(3):
        harness.advance_without_engine(2 * SECOND)
    assert len(collect_alerts(harness)) == 1
    harness.advance_without_engine(2 * SECOND)
    assert len(collect_alerts(harness)) == 1


def test_the_dropped_slots_of_all_schedules_of_a_job_are_one_message(harness: SchedulerHarness) -> None:
    create_nightly_schedule(harness)
    harness.create_schedule("rate(1 hour)", "second")
    harness.set_missed_policy("none", "second")
    annotate_schedule(harness, "second")
    harness.settle()
    harness.advance_without_engine(DAY - MINUTE)
    (found,) = collect_alerts(harness)
    assert found["Message"].startswith("nightly did not start at 24 times\n")
    assert "Scheduled: Thu 2026-01-01 01:00 (UTC)\n" in found["Message"]
    assert "Scheduled: Thu 2026-01-01 01:00 (UTC) to Thu 2026-01-01 23:00 (UTC) (23 times)\n" in found["Message"]
    assert "These runs will not be started later." in found["Message"]
    assert "this schedule's missed times are skipped" in found["Message"]


def test_slots_in_whose_place_a_later_one_runs_are_told_in_one_alert_for_all_jobs(harness: SchedulerHarness) -> None:
    harness.create_schedule("cron(0 * * * ? *)")
    annotate_schedule(harness)
    harness.create_schedule("cron(0 1 * * ? *)", "daily", ScheduleExpressionTimezone="Asia/Seoul")
    annotate_schedule(harness, "daily", "daily")
    harness.create_schedule("cron(0 1 * * ? *)", "unmarked")
    harness.advance_without_engine(2 * DAY + 10 * HOUR + 30 * MINUTE)
    assert len(messages_to_target(harness)) == 3
    (found,) = collect_alerts(harness)
    assert found["Subject"].startswith("nightly and 1 other job: no engine ran from Thu 2026-01-01 01:00 (UTC) to ")
    assert found["Message"].split("\n")[2:8] == [
        "Job:       default-nightly",
        "Runs now:  for Sat 2026-01-03 10:00 (UTC)",
        "Not run:   Thu 2026-01-01 01:00 (UTC) to Sat 2026-01-03 09:00 (UTC) (57 times)",
        "Job:       default-daily",
        "Runs now:  for Sat 2026-01-03 01:00 (Asia/Seoul)",
        "Not run:   Fri 2026-01-02 01:00 (Asia/Seoul)",
    ]
    harness.advance_without_engine(2 * SECOND)
    assert len(collect_alerts(harness)) == 1


@pytest.mark.parametrize("off", [0, 5 * MINUTE])
def test_slots_passed_over_are_one_alert_if_the_engine_is_killed_while_it_counts_them(
    harness: SchedulerHarness, monkeypatch: pytest.MonkeyPatch, off: int
) -> None:
    monkeypatch.setattr(missed_slots, "MAX_EXAMINED_PER_TURN", 10)
    for name in ("job", "other"):
        harness.create_schedule("cron(0 * * * ? *)", name)
        annotate_schedule(harness, name, name)
    harness.crash()
    harness.clock.advance(3 * DAY)
    for _ in range(2):
        harness.die_at(3, before=False)
        with pytest.raises(EngineDied):
            harness.up()
        harness.clock.advance(off)
    harness.up()
    (found,) = collect_alerts(harness)
    assert found["Subject"].startswith("job and 1 other job: no engine ran from Thu 2026-01-01 01:00 (UTC) to ")
    assert found["Message"].count("(71 times)") == 2
    harness.advance(MINUTE)
    assert len(collect_alerts(harness)) == 1


def test_many_dropped_slots_are_counted_in_one_message(harness: SchedulerHarness) -> None:
    harness.create_schedule("rate(1 minute)")
    harness.settle()
    harness.set_missed_policy("all", within=60)
    annotate_schedule(harness)
    harness.advance_without_engine(5 * DAY)
    (found,) = collect_alerts(harness)
    assert "(7198 times)" in found["Message"]


def test_a_slot_that_is_started_late_is_not_reported(harness: SchedulerHarness) -> None:
    create_nightly_schedule(harness)
    harness.advance_without_engine(2 * HOUR)
    assert len(messages_to_target(harness)) == 1
    assert collect_alerts(harness) == []


def test_a_missing_target_is_reported_with_the_reason(harness: SchedulerHarness) -> None:
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:gone"
    harness.create_schedule(
        "rate(1 day)", target={"Arn": machine, "RoleArn": ROLE, "RetryPolicy": {"MaximumRetryAttempts": 0}}
    )
    annotate_schedule(harness)
    harness.settle()
    (found,) = collect_alerts(harness)
    assert "Reason:    StateMachineDoesNotExist" in found["Message"]


def test_a_target_that_refuses_the_last_attempt_is_reported(harness: SchedulerHarness) -> None:
    target = {"Arn": QUEUE, "RoleArn": ROLE, "Input": "x", "RetryPolicy": {"MaximumRetryAttempts": 0}}
    harness.create_schedule("cron(0 1 * * ? *)", target=target)
    annotate_schedule(harness)
    harness.engine.next_errors.append(AwsError("slow down", code="ThrottlingException", status=429))
    harness.advance(HOUR)
    (found,) = collect_alerts(harness)
    assert "slow down" in found["Message"]


def test_a_damaged_schedule_is_reported(harness: SchedulerHarness) -> None:
    create_nightly_schedule(harness)
    harness.crash()
    harness.damage("UPDATE schedules SET body = '{'")
    harness.up()
    harness.advance(HOUR)
    (found,) = collect_alerts(harness)
    assert "The schedule cannot be read." in found["Message"]


def test_a_slot_that_waits_in_its_window_is_reported_if_the_schedule_changes(harness: SchedulerHarness) -> None:
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60}
    create_nightly_schedule(harness, FlexibleTimeWindow=window)
    harness.advance(HOUR)
    assert harness.outcomes() == ["WAITING"]
    changed = {**harness.get_schedule(), "FlexibleTimeWindow": window, "Description": "changed"}
    allowed = ("Name", "ScheduleExpression", "Target", "FlexibleTimeWindow", "Description")
    harness.call("scheduler", "UpdateSchedule", **{name: changed[name] for name in allowed})
    (found,) = collect_alerts(harness)
    assert "the schedule was changed while the slot waited in its flexible time window" in found["Message"]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_missed_slot_is_reported_once_if_the_engine_is_killed_at_any_commit(tmp_path: Path, before: bool) -> None:
    for commit in itertools.count(1):
        harness = SchedulerHarness(tmp_path / str(commit))
        harness.up()
        create_nightly_schedule(harness)
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
        assert len(collect_alerts(harness)) == 1
        harness.close()
        if not died:
            return
