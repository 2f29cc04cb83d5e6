"""The next seven days, and the nights on which clocks are set."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.console.data import job_schedules
from lamplighter.console.view.week import (
    DAYS,
    MAX_LISTED_PER_WEEK,
    Day,
    PlannedSchedule,
    Week,
    build_week,
    planned_times,
)
from lamplighter.lang.schedule import time_zones

NEW_YORK = "America/New_York"


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def week(plans: list[PlannedSchedule], now: int, zone: str) -> Week:
    where = time_zones.find_zone(zone)
    return build_week(plans, [planned_times(each, now, where) for each in plans], now, where)


def plan(expression: str, zone: str = "UTC", name: str = "night", **about: Json) -> PlannedSchedule:
    given = {"ScheduleExpression": expression, "ScheduleExpressionTimezone": zone, "CreationDate": 0, **about}
    return PlannedSchedule(name, "schedule", given, None)


def listed(found: Week) -> list[list[str]]:
    return [[f"{each.local_time} {each.clock_change}".strip() for each in day.times] for day in found.days]


def day(found: Week, date: str) -> Day:
    return next(each for each in found.days if str(each.date) == date)


def test_what_is_due_is_listed_by_the_days_of_the_place() -> None:
    found = week([plan("cron(0 18 * * ? *)", "Asia/Seoul")], at("2026-01-01T08:00:00"), "UTC")
    assert [str(each.date) for each in found.days] == [f"2026-01-0{number}" for number in range(1, 8)]
    assert listed(found) == [["09:00"]] * 7
    assert found.days[0].times[0].schedule_time == "Thu 18:00 Seoul"
    assert (
        listed(week([plan("cron(0 18 * * ? *)", "Asia/Seoul")], at("2026-01-01T08:00:00"), "Asia/Seoul"))
        == [["18:00"]] * 7
    )


def test_what_is_over_today_is_not_due() -> None:
    assert listed(week([plan("cron(0 18 * * ? *)")], at("2026-01-01T18:00:00"), "UTC")) == [[], *[["18:00"]] * 6]


def test_a_local_time_that_does_not_exist_is_shown_as_skipped() -> None:
    found = week([plan("cron(30 2 * * ? *)", NEW_YORK)], at("2026-03-06T12:00:00"), NEW_YORK)
    sunday = day(found, "2026-03-08")
    assert [(each.local_time, each.clock_change) for each in sunday.times] == [("02:30", "skipped")]
    assert sunday.note == "clocks go forward from 02:00 to 03:00: 23 hours"
    assert [each.note for each in found.days if each is not sunday] == [""] * 6


def test_a_local_time_that_comes_twice_is_marked_and_counts_once() -> None:
    found = week([plan("cron(30 1 * * ? *)", NEW_YORK)], at("2026-10-30T12:00:00"), NEW_YORK)
    sunday = day(found, "2026-11-01")
    assert [(each.local_time, each.clock_change) for each in sunday.times] == [("01:30", "twice")]
    assert sunday.note == "clocks go back from 02:00 to 01:00: 25 hours"


def test_a_rate_takes_no_notice_of_clocks() -> None:
    found = week([plan("rate(12 hours)", NEW_YORK)], at("2026-03-06T12:00:00"), NEW_YORK)
    assert {each.clock_change for day in found.days for each in day.times} == {""}
    elsewhere = week([plan("rate(12 hours)", NEW_YORK)], at("2026-03-06T12:00:00"), "UTC")
    assert {each.schedule_time for day in elsewhere.days for each in day.times} == {""}


@pytest.mark.parametrize("expression", ["rate(5 minutes)", "cron(* * * * ? *)"])
def test_what_is_due_often_is_named_once(expression: str) -> None:
    found = week([plan(expression, name="busy"), plan("cron(0 1 * * ? *)")], at("2026-01-01T08:00:00"), "UTC")
    assert [each.name for each in found.unlisted] == ["busy"]
    assert listed(found) == [[], *[["01:00"]] * 6]


def test_start_and_end_of_a_schedule_hold() -> None:
    dates: Json = {"StartDate": at("2026-01-03T00:00:00") / 1000, "EndDate": at("2026-01-04T12:00:00") / 1000}
    found = week([plan("cron(0 1 * * ? *)", **dates)], at("2026-01-01T08:00:00"), "UTC")
    assert [len(each.times) for each in found.days] == [0, 0, 1, 1, 0, 0, 0]


def test_a_day_with_very_much_is_cut() -> None:
    plans = [plan("cron(0 1 * * ? *)", name=str(number)) for number in range(200)]
    found = week(plans, at("2026-01-01T08:00:00"), "UTC")
    assert [(len(each.times), each.more) for each in found.days[1:]] == [(150, 50)] * 6


@given(
    st.integers(at("2026-01-01T00:00:00"), at("2027-01-01T00:00:00")),
    st.integers(0, 59),
    st.integers(0, 23),
    st.sampled_from(["UTC", NEW_YORK, "Asia/Seoul", "Europe/Berlin", "Australia/Lord_Howe"]),
    st.sampled_from(["UTC", NEW_YORK, "Pacific/Auckland", "Africa/Cairo"]),
)
@example(1_776_463_200_000, 0, 0, "UTC", "Africa/Cairo")  # where a day begins at one, the clocks being set at midnight
def test_every_time_of_a_week_is_on_its_day(now: int, minute: int, hour: int, own: str, place: str) -> None:
    each = plan(f"cron({minute} {hour} * * ? *)", own)
    found = week([each], now, place)
    shown = sorted(moment.time for day in found.days for moment in day.times if moment.clock_change != "skipped")
    due = job_schedules.next_times(each.about, now, MAX_LISTED_PER_WEEK)
    assert shown == list(due[: len(shown)])
    assert DAYS - 1 <= len(shown) <= DAYS + 1
