"""Slots that pass while no engine runs or when the clock is set: each is recorded, and none runs twice."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.engine.health import read_health
from tests.engine_harness import ROLE, EngineDied
from tests.services.scheduler.scheduler_harness import DAY, HOUR, MINUTE, QUEUE, SchedulerHarness, format_time

SECOND = 1_000
CLOCK_CHECK = 5 * SECOND
"""The most milliseconds that the engine needs to notice that the wall clock was set."""


def sent_hours(harness: SchedulerHarness) -> list[str]:
    """Return the hours of the slots whose messages were sent."""
    return [body[11:16] for body in harness.bodies()]


def recorded_ranges(harness: SchedulerHarness) -> list[tuple[str, str, str, int]]:
    """Return outcome, first time, last time and count of each recorded range of slots."""
    return [
        (slot.outcome, format_time(slot.slot)[11:16], format_time(slot.until)[11:16], slot.count)
        for slot in harness.slots()
    ]


def test_a_slot_that_passed_while_no_engine_ran_is_delivered_at_the_next_start(harness: SchedulerHarness) -> None:
    harness.create_schedule("cron(0 3 * * ? *)")
    harness.advance_without_engine(4 * HOUR)
    assert harness.bodies() == ["2026-01-01T03:00:00Z"]
    assert harness.slots()[0].late == HOUR
    harness.advance(23 * HOUR)
    assert len(harness.bodies()) == 2


def test_by_default_the_last_missed_slot_runs_and_the_others_are_one_row(harness: SchedulerHarness) -> None:
    harness.create_schedule("cron(0 * * * ? *)")
    harness.advance_without_engine(10 * HOUR + 30 * MINUTE)
    assert sent_hours(harness) == ["10:00"]
    assert recorded_ranges(harness) == [("MISSED", "01:00", "09:00", 9), ("DELIVERED", "10:00", "10:00", 1)]
    harness.advance(30 * MINUTE)
    assert sent_hours(harness) == ["10:00", "11:00"]


def test_with_policy_all_every_missed_slot_runs_in_order(harness: SchedulerHarness) -> None:
    harness.create_schedule("rate(5 minutes)")
    harness.settle()
    harness.set_missed_policy("all")
    harness.advance_without_engine(20 * HOUR)
    assert len(harness.bodies()) == 1 + 20 * 12
    assert harness.bodies() == sorted(harness.bodies())
    assert set(harness.outcomes()) == {"DELIVERED"}


def test_with_policy_none_no_missed_slot_runs_but_all_are_recorded(harness: SchedulerHarness) -> None:
    harness.create_schedule("cron(0 * * * ? *)")
    harness.set_missed_policy("none")
    harness.advance_without_engine(10 * HOUR + 30 * MINUTE)
    assert (sent_hours(harness), recorded_ranges(harness)) == ([], [("MISSED", "01:00", "10:00", 10)])
    harness.advance(30 * MINUTE)
    assert sent_hours(harness) == ["11:00"]


@pytest.mark.parametrize("policy", ["none", "last", "all"])
def test_a_slot_that_is_at_most_a_minute_late_is_not_missed(harness: SchedulerHarness, policy: str) -> None:
    harness.create_schedule("cron(0 * * * ? *)")
    harness.set_missed_policy(policy)
    harness.advance_without_engine(HOUR + MINUTE)
    assert sent_hours(harness) == ["01:00"]


def test_a_slot_older_than_the_maximum_event_age_is_not_started_late(harness: SchedulerHarness) -> None:
    young = {"RetryPolicy": {"MaximumEventAgeInSeconds": 3600}}
    target = {"Arn": QUEUE, "RoleArn": ROLE, "Input": "<aws.scheduler.scheduled-time>"} | young
    harness.create_schedule("cron(0 0/4 * * ? *)", target=target)
    harness.settle()
    harness.advance_without_engine(10 * HOUR)
    assert (sent_hours(harness), harness.outcomes()) == ([], ["MISSED"])
    harness.set_missed_policy("all")
    harness.advance_without_engine(10 * HOUR + 30 * MINUTE)
    assert sent_hours(harness) == ["20:00"]
    assert recorded_ranges(harness) == [("MISSED", "04:00", "16:00", 4), ("DELIVERED", "20:00", "20:00", 1)]


def test_within_may_be_shorter_or_longer_than_the_maximum_event_age(
    harness: SchedulerHarness,
) -> None:
    harness.create_schedule("cron(0 0/4 * * ? *)")
    harness.set_missed_policy("all", within=5 * 3600)
    harness.advance_without_engine(13 * HOUR)
    assert sent_hours(harness) == ["08:00", "12:00"]
    harness.set_missed_policy("last", within=3 * 86_400)
    harness.create_schedule("at(2026-01-01T14:00:00)", "once")
    harness.set_missed_policy("last", "once", within=3 * 86_400)
    harness.advance_without_engine(2 * DAY)
    assert sent_hours(harness) == ["08:00", "12:00", "14:00", "12:00"]


@pytest.mark.parametrize("within", [0, -1, 1.5, True, "1h"])
def test_within_must_be_a_positive_whole_number_of_seconds(harness: SchedulerHarness, within: Json) -> None:
    harness.create_schedule("rate(1 hour)")
    with pytest.raises(AwsError, match="Within must be a number of seconds"):
        harness.set_missed_policy("all", within=within)


def test_a_one_time_schedule_that_was_missed_for_too_long_never_runs(harness: SchedulerHarness) -> None:
    harness.create_schedule("at(2026-01-01T01:00:00)", ActionAfterCompletion="DELETE")
    harness.create_schedule("at(2026-01-01T01:00:00)", "kept")
    harness.advance_without_engine(3 * DAY)
    waiting = harness.rows("SELECT * FROM timers WHERE name != 'tell'")
    assert (harness.bodies(), harness.outcomes("kept"), waiting) == ([], ["MISSED"], [])
    assert [each["Name"] for each in harness.call("scheduler", "ListSchedules")["Schedules"]] == ["kept"]


def test_a_one_time_schedule_in_the_past_is_as_old_as_its_creation(harness: SchedulerHarness) -> None:
    harness.die_at(2, before=True)
    with pytest.raises(EngineDied):
        harness.create_schedule("at(2022-12-31T23:59:59)")
    harness.clock.advance(HOUR)
    harness.up()
    assert harness.bodies() == ["2022-12-31T23:59:59Z"]


@pytest.mark.parametrize("policy", ["last", "none"])
def test_a_month_of_missed_minutes_takes_few_commits_at_the_start(harness: SchedulerHarness, policy: str) -> None:
    harness.create_schedule("cron(* * * * ? *)")
    harness.set_missed_policy(policy)
    harness.crash()
    harness.clock.advance(30 * DAY + 30 * SECOND)
    before = harness.disk.commits
    harness.up()
    assert harness.disk.commits - before < 60
    counts = [slot.count for slot in harness.slots()]
    assert sum(counts) == 30 * 24 * 60
    assert len(counts) <= 3
    assert len(harness.bodies()) == 1


def test_counting_many_missed_slots_does_not_delay_other_schedules(harness: SchedulerHarness) -> None:
    harness.create_schedule("cron(* * * * ? *)", "minutely", {"Arn": QUEUE, "RoleArn": ROLE, "Input": "minutely"})
    harness.create_schedule("at(2026-01-30T12:00:00)", "once", {"Arn": QUEUE, "RoleArn": ROLE, "Input": "once"})
    harness.advance_without_engine(30 * DAY)
    assert harness.bodies() == ["once", "minutely"]


def test_slots_missed_in_two_consecutive_downtimes_are_one_row(harness: SchedulerHarness) -> None:
    harness.create_schedule("cron(0 * * * ? *)")
    harness.set_missed_policy("none")
    harness.advance_without_engine(3 * HOUR + 30 * MINUTE)
    harness.advance_without_engine(3 * HOUR)
    assert recorded_ranges(harness) == [("MISSED", "01:00", "06:00", 6)]


def test_a_flexible_schedule_whose_window_has_passed_fires_at_the_next_start(harness: SchedulerHarness) -> None:
    harness.create_schedule(
        "at(2026-01-01T01:00:00)", FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60}
    )
    harness.advance(HOUR)
    assert harness.outcomes() == ["WAITING"]
    harness.advance_without_engine(2 * HOUR)
    assert harness.outcomes() == ["DELIVERED"]


# --- the wall clock is set --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("restarts", [False, True])
def test_setting_the_clock_forward_over_a_slot_fires_it(harness: SchedulerHarness, restarts: bool) -> None:
    harness.create_schedule("cron(0 * * * ? *)")
    harness.clock.jump(2 * HOUR + 10 * MINUTE)
    harness.advance(CLOCK_CHECK)
    if restarts:
        harness.restart()
    assert recorded_ranges(harness) == [("MISSED", "01:00", "01:00", 1), ("DELIVERED", "02:00", "02:00", 1)]


@pytest.mark.parametrize("restarts", [False, True])
def test_setting_the_clock_back_fires_no_slot_twice(harness: SchedulerHarness, restarts: bool) -> None:
    harness.create_schedule("cron(0 * * * ? *)")
    harness.advance(HOUR)
    harness.clock.jump(-30 * MINUTE)
    harness.advance(CLOCK_CHECK)
    if restarts:
        harness.restart()
    for _ in range(90):
        harness.advance(MINUTE)
    assert sent_hours(harness) == ["01:00", "02:00"]


def test_the_health_says_that_schedules_wait_while_the_clock_is_set_back(harness: SchedulerHarness) -> None:
    harness.create_schedule("cron(0 * * * ? *)")
    harness.advance(HOUR)
    assert read_health(harness.engine).conditions == ()
    harness.clock.jump(-30 * MINUTE)
    harness.restart()
    (found,) = read_health(harness.engine).conditions
    assert (found.name, found.stops_work) == ("clock", False)
    assert "ran until 2026-01-01 01:00 UTC" in found.reason
    harness.advance(30 * MINUTE)
    assert read_health(harness.engine).conditions == ()


def test_changing_a_schedule_after_the_clock_was_set_back_repeats_no_slot(
    harness: SchedulerHarness,
) -> None:
    harness.create_schedule("cron(0 * * * ? *)")
    harness.advance(HOUR)
    harness.clock.jump(-30 * MINUTE)
    harness.advance(CLOCK_CHECK)
    target = {"Arn": QUEUE, "RoleArn": ROLE, "Input": "<aws.scheduler.scheduled-time>"}
    change = {"ScheduleExpression": "cron(0 * * * ? *)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
    harness.call("scheduler", "UpdateSchedule", Name="job", **change)
    for _ in range(90):
        harness.advance(MINUTE)
    assert sent_hours(harness) == ["01:00", "02:00"]
