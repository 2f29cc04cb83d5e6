"""Slots that come while no engine runs, and clocks that are set: nothing is lost unrecorded, nothing runs twice."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.engines import ROLE, Died
from tests.services.scheduler.desk import DAY, HOUR, MINUTE, QUEUE, Desk, text

SECOND = 1_000
LOOK = 5 * SECOND
"""How long the engine may take to notice that the wall clock was set."""


def hours(desk: Desk) -> list[str]:
    """The hours whose messages were sent."""
    return [body[11:16] for body in desk.bodies()]


def ranges(desk: Desk) -> list[tuple[str, str, str, int]]:
    """What is on record of the slots: outcome, from, to, how many."""
    return [(slot.outcome, text(slot.slot)[11:16], text(slot.until)[11:16], slot.count) for slot in desk.slots()]


def test_a_slot_that_came_while_the_engine_was_down_is_delivered_at_the_next_start(desk: Desk) -> None:
    desk.schedule("cron(0 3 * * ? *)")
    desk.off(4 * HOUR)
    assert desk.bodies() == ["2026-01-01T03:00:00Z"]
    assert desk.slots()[0].late == HOUR
    desk.advance(23 * HOUR)
    assert len(desk.bodies()) == 2


def test_of_several_that_were_missed_the_last_runs_and_the_others_are_one_row(desk: Desk) -> None:
    desk.schedule("cron(0 * * * ? *)")
    desk.off(10 * HOUR + 30 * MINUTE)
    assert hours(desk) == ["10:00"]
    assert ranges(desk) == [("MISSED", "01:00", "09:00", 9), ("DELIVERED", "10:00", "10:00", 1)]
    desk.advance(30 * MINUTE)
    assert hours(desk) == ["10:00", "11:00"]


def test_all_that_were_missed_run_in_order_if_the_schedule_says_so(desk: Desk) -> None:
    desk.schedule("rate(5 minutes)")
    desk.settle()
    desk.missed("all")
    desk.off(20 * HOUR)
    assert len(desk.bodies()) == 1 + 20 * 12
    assert desk.bodies() == sorted(desk.bodies())
    assert set(desk.outcomes()) == {"DELIVERED"}


def test_none_that_was_missed_runs_if_the_schedule_says_so_and_they_are_on_record(desk: Desk) -> None:
    desk.schedule("cron(0 * * * ? *)")
    desk.missed("none")
    desk.off(10 * HOUR + 30 * MINUTE)
    assert (hours(desk), ranges(desk)) == ([], [("MISSED", "01:00", "10:00", 10)])
    desk.advance(30 * MINUTE)
    assert hours(desk) == ["11:00"]


@pytest.mark.parametrize("policy", ["none", "last", "all"])
def test_a_slot_that_is_at_most_a_minute_late_was_not_missed(desk: Desk, policy: str) -> None:
    desk.schedule("cron(0 * * * ? *)")
    desk.missed(policy)
    desk.off(HOUR + MINUTE)
    assert hours(desk) == ["01:00"]


def test_what_is_older_than_the_maximum_event_age_is_not_made_up_for(desk: Desk) -> None:
    young = {"RetryPolicy": {"MaximumEventAgeInSeconds": 3600}}
    target = {"Arn": QUEUE, "RoleArn": ROLE, "Input": "<aws.scheduler.scheduled-time>"} | young
    desk.schedule("cron(0 0/4 * * ? *)", target=target)
    desk.settle()
    desk.off(10 * HOUR)
    assert (hours(desk), desk.outcomes()) == ([], ["MISSED"])
    desk.missed("all")
    desk.off(10 * HOUR + 30 * MINUTE)
    assert hours(desk) == ["20:00"]
    assert ranges(desk) == [("MISSED", "04:00", "16:00", 4), ("DELIVERED", "20:00", "20:00", 1)]


def test_what_is_made_up_for_may_be_younger_or_older_than_the_maximum_event_age(desk: Desk) -> None:
    desk.schedule("cron(0 0/4 * * ? *)")
    desk.missed("all", within=5 * 3600)
    desk.off(13 * HOUR)
    assert hours(desk) == ["08:00", "12:00"]
    desk.missed("last", within=3 * 86_400)
    desk.schedule("at(2026-01-01T14:00:00)", "once")
    desk.missed("last", "once", within=3 * 86_400)
    desk.off(2 * DAY)
    assert hours(desk) == ["08:00", "12:00", "14:00", "12:00"]


@pytest.mark.parametrize("within", [0, -1, 1.5, True, "1h"])
def test_within_is_a_number_of_seconds(desk: Desk, within: Json) -> None:
    desk.schedule("rate(1 hour)")
    with pytest.raises(AwsError, match="Within must be a number of seconds"):
        desk.missed("all", within=within)


def test_a_one_time_schedule_that_was_missed_by_too_much_is_over(desk: Desk) -> None:
    desk.schedule("at(2026-01-01T01:00:00)", ActionAfterCompletion="DELETE")
    desk.schedule("at(2026-01-01T01:00:00)", "kept")
    desk.off(3 * DAY)
    waiting = desk.rows("SELECT * FROM timers WHERE name != 'tell'")
    assert (desk.bodies(), desk.outcomes("kept"), waiting) == ([], ["MISSED"], [])
    assert [each["Name"] for each in desk.call("scheduler", "ListSchedules")["Schedules"]] == ["kept"]


def test_a_time_that_was_over_when_it_was_asked_for_is_no_older_than_the_request(desk: Desk) -> None:
    desk.die_at(2, before=True)
    with pytest.raises(Died):
        desk.schedule("at(2022-12-31T23:59:59)")
    desk.clock.advance(HOUR)
    desk.up()
    assert desk.bodies() == ["2022-12-31T23:59:59Z"]


@pytest.mark.parametrize("policy", ["last", "none"])
def test_a_schedule_of_every_minute_that_was_off_for_a_month_takes_few_turns_at_the_start(
    desk: Desk, policy: str
) -> None:
    desk.schedule("cron(* * * * ? *)")
    desk.missed(policy)
    desk.crash()
    desk.clock.advance(30 * DAY + 30 * SECOND)
    before = desk.disk.commits
    desk.up()
    assert desk.disk.commits - before < 60
    counts = [slot.count for slot in desk.slots()]
    assert sum(counts) == 30 * 24 * 60
    assert len(counts) <= 3
    assert len(desk.bodies()) == 1


def test_what_takes_long_to_count_does_not_hold_up_other_schedules(desk: Desk) -> None:
    desk.schedule("cron(* * * * ? *)", "minutely", {"Arn": QUEUE, "RoleArn": ROLE, "Input": "minutely"})
    desk.schedule("at(2026-01-30T12:00:00)", "once", {"Arn": QUEUE, "RoleArn": ROLE, "Input": "once"})
    desk.off(30 * DAY)
    assert desk.bodies() == ["once", "minutely"]


def test_slots_that_are_missed_in_two_nights_one_after_another_are_one_row(desk: Desk) -> None:
    desk.schedule("cron(0 * * * ? *)")
    desk.missed("none")
    desk.off(3 * HOUR + 30 * MINUTE)
    desk.off(3 * HOUR)
    assert ranges(desk) == [("MISSED", "01:00", "06:00", 6)]


def test_a_flexible_schedule_whose_window_has_passed_fires_at_the_next_start(desk: Desk) -> None:
    desk.schedule("at(2026-01-01T01:00:00)", FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60})
    desk.advance(HOUR)
    assert desk.outcomes() == ["WAITING"]
    desk.off(2 * HOUR)
    assert desk.outcomes() == ["DELIVERED"]


# --- the wall clock is set --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("restarts", [False, True])
def test_a_clock_that_is_set_forward_over_a_slot_makes_it_come(desk: Desk, restarts: bool) -> None:
    desk.schedule("cron(0 * * * ? *)")
    desk.clock.jump(2 * HOUR + 10 * MINUTE)
    desk.advance(LOOK)
    if restarts:
        desk.restart()
    assert ranges(desk) == [("MISSED", "01:00", "01:00", 1), ("DELIVERED", "02:00", "02:00", 1)]


@pytest.mark.parametrize("restarts", [False, True])
def test_a_clock_that_is_set_back_makes_no_slot_come_twice(desk: Desk, restarts: bool) -> None:
    desk.schedule("cron(0 * * * ? *)")
    desk.advance(HOUR)
    desk.clock.jump(-30 * MINUTE)
    desk.advance(LOOK)
    if restarts:
        desk.restart()
    for _ in range(90):
        desk.advance(MINUTE)
    assert hours(desk) == ["01:00", "02:00"]


def test_a_schedule_that_is_changed_after_the_clock_was_set_back_does_not_repeat_a_slot(desk: Desk) -> None:
    desk.schedule("cron(0 * * * ? *)")
    desk.advance(HOUR)
    desk.clock.jump(-30 * MINUTE)
    desk.advance(LOOK)
    target = {"Arn": QUEUE, "RoleArn": ROLE, "Input": "<aws.scheduler.scheduled-time>"}
    change = {"ScheduleExpression": "cron(0 * * * ? *)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
    desk.call("scheduler", "UpdateSchedule", Name="job", **change)
    for _ in range(90):
        desk.advance(MINUTE)
    assert hours(desk) == ["01:00", "02:00"]
