"""Slots that come while no engine runs, and clocks that are set: nothing is lost unrecorded, nothing runs twice."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.engine_harness import ROLE, EngineDied
from tests.services.scheduler.scheduler_harness import DAY, HOUR, MINUTE, QUEUE, SchedulerHarness, text

SECOND = 1_000
LOOK = 5 * SECOND
"""How long the engine may take to notice that the wall clock was set."""


def hours(harness: SchedulerHarness) -> list[str]:
    """The hours whose messages were sent."""
    return [body[11:16] for body in harness.bodies()]


def ranges(harness: SchedulerHarness) -> list[tuple[str, str, str, int]]:
    """What is on record of the slots: outcome, from, to, how many."""
    return [(slot.outcome, text(slot.slot)[11:16], text(slot.until)[11:16], slot.count) for slot in harness.slots()]


def test_a_slot_that_came_while_the_engine_was_down_is_delivered_at_the_next_start(harness: SchedulerHarness) -> None:
    harness.schedule("cron(0 3 * * ? *)")
    harness.off(4 * HOUR)
    assert harness.bodies() == ["2026-01-01T03:00:00Z"]
    assert harness.slots()[0].late == HOUR
    harness.advance(23 * HOUR)
    assert len(harness.bodies()) == 2


def test_of_several_that_were_missed_the_last_runs_and_the_others_are_one_row(harness: SchedulerHarness) -> None:
    harness.schedule("cron(0 * * * ? *)")
    harness.off(10 * HOUR + 30 * MINUTE)
    assert hours(harness) == ["10:00"]
    assert ranges(harness) == [("MISSED", "01:00", "09:00", 9), ("DELIVERED", "10:00", "10:00", 1)]
    harness.advance(30 * MINUTE)
    assert hours(harness) == ["10:00", "11:00"]


def test_all_that_were_missed_run_in_order_if_the_schedule_says_so(harness: SchedulerHarness) -> None:
    harness.schedule("rate(5 minutes)")
    harness.settle()
    harness.missed("all")
    harness.off(20 * HOUR)
    assert len(harness.bodies()) == 1 + 20 * 12
    assert harness.bodies() == sorted(harness.bodies())
    assert set(harness.outcomes()) == {"DELIVERED"}


def test_none_that_was_missed_runs_if_the_schedule_says_so_and_they_are_on_record(harness: SchedulerHarness) -> None:
    harness.schedule("cron(0 * * * ? *)")
    harness.missed("none")
    harness.off(10 * HOUR + 30 * MINUTE)
    assert (hours(harness), ranges(harness)) == ([], [("MISSED", "01:00", "10:00", 10)])
    harness.advance(30 * MINUTE)
    assert hours(harness) == ["11:00"]


@pytest.mark.parametrize("policy", ["none", "last", "all"])
def test_a_slot_that_is_at_most_a_minute_late_was_not_missed(harness: SchedulerHarness, policy: str) -> None:
    harness.schedule("cron(0 * * * ? *)")
    harness.missed(policy)
    harness.off(HOUR + MINUTE)
    assert hours(harness) == ["01:00"]


def test_what_is_older_than_the_maximum_event_age_is_not_made_up_for(harness: SchedulerHarness) -> None:
    young = {"RetryPolicy": {"MaximumEventAgeInSeconds": 3600}}
    target = {"Arn": QUEUE, "RoleArn": ROLE, "Input": "<aws.scheduler.scheduled-time>"} | young
    harness.schedule("cron(0 0/4 * * ? *)", target=target)
    harness.settle()
    harness.off(10 * HOUR)
    assert (hours(harness), harness.outcomes()) == ([], ["MISSED"])
    harness.missed("all")
    harness.off(10 * HOUR + 30 * MINUTE)
    assert hours(harness) == ["20:00"]
    assert ranges(harness) == [("MISSED", "04:00", "16:00", 4), ("DELIVERED", "20:00", "20:00", 1)]


def test_what_is_made_up_for_may_be_younger_or_older_than_the_maximum_event_age(harness: SchedulerHarness) -> None:
    harness.schedule("cron(0 0/4 * * ? *)")
    harness.missed("all", within=5 * 3600)
    harness.off(13 * HOUR)
    assert hours(harness) == ["08:00", "12:00"]
    harness.missed("last", within=3 * 86_400)
    harness.schedule("at(2026-01-01T14:00:00)", "once")
    harness.missed("last", "once", within=3 * 86_400)
    harness.off(2 * DAY)
    assert hours(harness) == ["08:00", "12:00", "14:00", "12:00"]


@pytest.mark.parametrize("within", [0, -1, 1.5, True, "1h"])
def test_within_is_a_number_of_seconds(harness: SchedulerHarness, within: Json) -> None:
    harness.schedule("rate(1 hour)")
    with pytest.raises(AwsError, match="Within must be a number of seconds"):
        harness.missed("all", within=within)


def test_a_one_time_schedule_that_was_missed_by_too_much_is_over(harness: SchedulerHarness) -> None:
    harness.schedule("at(2026-01-01T01:00:00)", ActionAfterCompletion="DELETE")
    harness.schedule("at(2026-01-01T01:00:00)", "kept")
    harness.off(3 * DAY)
    waiting = harness.rows("SELECT * FROM timers WHERE name != 'tell'")
    assert (harness.bodies(), harness.outcomes("kept"), waiting) == ([], ["MISSED"], [])
    assert [each["Name"] for each in harness.call("scheduler", "ListSchedules")["Schedules"]] == ["kept"]


def test_a_time_that_was_over_when_it_was_asked_for_is_no_older_than_the_request(harness: SchedulerHarness) -> None:
    harness.die_at(2, before=True)
    with pytest.raises(EngineDied):
        harness.schedule("at(2022-12-31T23:59:59)")
    harness.clock.advance(HOUR)
    harness.up()
    assert harness.bodies() == ["2022-12-31T23:59:59Z"]


@pytest.mark.parametrize("policy", ["last", "none"])
def test_a_schedule_of_every_minute_that_was_off_for_a_month_takes_few_turns_at_the_start(
    harness: SchedulerHarness, policy: str
) -> None:
    harness.schedule("cron(* * * * ? *)")
    harness.missed(policy)
    harness.crash()
    harness.clock.advance(30 * DAY + 30 * SECOND)
    before = harness.disk.commits
    harness.up()
    assert harness.disk.commits - before < 60
    counts = [slot.count for slot in harness.slots()]
    assert sum(counts) == 30 * 24 * 60
    assert len(counts) <= 3
    assert len(harness.bodies()) == 1


def test_what_takes_long_to_count_does_not_hold_up_other_schedules(harness: SchedulerHarness) -> None:
    harness.schedule("cron(* * * * ? *)", "minutely", {"Arn": QUEUE, "RoleArn": ROLE, "Input": "minutely"})
    harness.schedule("at(2026-01-30T12:00:00)", "once", {"Arn": QUEUE, "RoleArn": ROLE, "Input": "once"})
    harness.off(30 * DAY)
    assert harness.bodies() == ["once", "minutely"]


def test_slots_that_are_missed_in_two_nights_one_after_another_are_one_row(harness: SchedulerHarness) -> None:
    harness.schedule("cron(0 * * * ? *)")
    harness.missed("none")
    harness.off(3 * HOUR + 30 * MINUTE)
    harness.off(3 * HOUR)
    assert ranges(harness) == [("MISSED", "01:00", "06:00", 6)]


def test_a_flexible_schedule_whose_window_has_passed_fires_at_the_next_start(harness: SchedulerHarness) -> None:
    harness.schedule("at(2026-01-01T01:00:00)", FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60})
    harness.advance(HOUR)
    assert harness.outcomes() == ["WAITING"]
    harness.off(2 * HOUR)
    assert harness.outcomes() == ["DELIVERED"]


# --- the wall clock is set --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("restarts", [False, True])
def test_a_clock_that_is_set_forward_over_a_slot_makes_it_come(harness: SchedulerHarness, restarts: bool) -> None:
    harness.schedule("cron(0 * * * ? *)")
    harness.clock.jump(2 * HOUR + 10 * MINUTE)
    harness.advance(LOOK)
    if restarts:
        harness.restart()
    assert ranges(harness) == [("MISSED", "01:00", "01:00", 1), ("DELIVERED", "02:00", "02:00", 1)]


@pytest.mark.parametrize("restarts", [False, True])
def test_a_clock_that_is_set_back_makes_no_slot_come_twice(harness: SchedulerHarness, restarts: bool) -> None:
    harness.schedule("cron(0 * * * ? *)")
    harness.advance(HOUR)
    harness.clock.jump(-30 * MINUTE)
    harness.advance(LOOK)
    if restarts:
        harness.restart()
    for _ in range(90):
        harness.advance(MINUTE)
    assert hours(harness) == ["01:00", "02:00"]


def test_a_schedule_that_is_changed_after_the_clock_was_set_back_does_not_repeat_a_slot(
    harness: SchedulerHarness,
) -> None:
    harness.schedule("cron(0 * * * ? *)")
    harness.advance(HOUR)
    harness.clock.jump(-30 * MINUTE)
    harness.advance(LOOK)
    target = {"Arn": QUEUE, "RoleArn": ROLE, "Input": "<aws.scheduler.scheduled-time>"}
    change = {"ScheduleExpression": "cron(0 * * * ? *)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
    harness.call("scheduler", "UpdateSchedule", Name="job", **change)
    for _ in range(90):
        harness.advance(MINUTE)
    assert hours(harness) == ["01:00", "02:00"]
