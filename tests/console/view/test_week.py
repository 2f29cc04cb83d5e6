"""The next seven days, and the days on which clocks change."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json
from lamplighter.console.data.jobs import job_schedules
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


def to_milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def plan_week(plans: list[PlannedSchedule], now: int, zone: str) -> Week:
    where = time_zones.find_zone(zone)
    return build_week(plans, [planned_times(each, now, where) for each in plans], now, where)


def make_schedule(expression: str, zone: str = "UTC", name: str = "night", **about: Json) -> PlannedSchedule:
    given = {"ScheduleExpression": expression, "ScheduleExpressionTimezone": zone, "CreationDate": 0, **about}
    return PlannedSchedule(name, "schedule", given, None)


def list_times(found: Week) -> list[list[str]]:
    return [[f"{each.local_time} {each.clock_change}".strip() for each in day.times] for day in found.days]


def find_day(found: Week, date: str) -> Day:
    return next(each for each in found.days if str(each.date) == date)


def test_scheduled_times_are_listed_by_the_days_of_the_viewer_s_time_zone() -> None:
    found = plan_week(
        [make_schedule("cron(0 18 * * ? *)", "Asia/Seoul")], to_milliseconds("2026-01-01T08:00:00"), "UTC"
    )
    assert [str(each.date) for each in found.days] == [f"2026-01-0{number}" for number in range(1, 8)]
    assert list_times(found) == [["09:00"]] * 7
    assert found.days[0].times[0].schedule_time == "Thu 18:00 Seoul"
    assert (
        list_times(
            plan_week(
                [make_schedule("cron(0 18 * * ? *)", "Asia/Seoul")],
                to_milliseconds("2026-01-01T08:00:00"),
                "Asia/Seoul",
            )
        )
        == [["18:00"]] * 7
    )


def test_a_time_that_has_passed_today_is_not_listed() -> None:
    assert list_times(
        plan_week([make_schedule("cron(0 18 * * ? *)")], to_milliseconds("2026-01-01T18:00:00"), "UTC")
    ) == [[], *[["18:00"]] * 6]


def test_a_local_time_that_does_not_exist_is_shown_as_skipped() -> None:
    found = plan_week([make_schedule("cron(30 2 * * ? *)", NEW_YORK)], to_milliseconds("2026-03-06T12:00:00"), NEW_YORK)
    sunday = find_day(found, "2026-03-08")
    assert [(each.local_time, each.clock_change) for each in sunday.times] == [("02:30", "skipped")]
    assert sunday.note == "clocks go forward from 02:00 to 03:00: 23 hours"
    assert [each.note for each in found.days if each is not sunday] == [""] * 6


def test_a_local_time_that_occurs_twice_is_marked_and_listed_once() -> None:
    found = plan_week([make_schedule("cron(30 1 * * ? *)", NEW_YORK)], to_milliseconds("2026-10-30T12:00:00"), NEW_YORK)
    sunday = find_day(found, "2026-11-01")
    assert [(each.local_time, each.clock_change) for each in sunday.times] == [("01:30 -04:00", "twice")]
    assert sunday.note == "clocks go back from 02:00 to 01:00: 25 hours"


def test_a_rate_ignores_clock_changes() -> None:
    found = plan_week([make_schedule("rate(12 hours)", NEW_YORK)], to_milliseconds("2026-03-06T12:00:00"), NEW_YORK)
    assert {each.clock_change for day in found.days for each in day.times} == {""}
    in_utc = plan_week([make_schedule("rate(12 hours)", NEW_YORK)], to_milliseconds("2026-03-06T12:00:00"), "UTC")
    assert {each.schedule_time for day in in_utc.days for each in day.times} == {""}


@pytest.mark.parametrize("expression", ["rate(5 minutes)", "cron(* * * * ? *)"])
def test_a_frequent_schedule_is_named_once_and_not_listed(expression: str) -> None:
    found = plan_week(
        [make_schedule(expression, name="busy"), make_schedule("cron(0 1 * * ? *)")],
        to_milliseconds("2026-01-01T08:00:00"),
        "UTC",
    )
    assert [each.name for each in found.unlisted] == ["busy"]
    assert list_times(found) == [[], *[["01:00"]] * 6]


def test_start_and_end_of_a_schedule_hold() -> None:
    dates: Json = {
        "StartDate": to_milliseconds("2026-01-03T00:00:00") / 1000,
        "EndDate": to_milliseconds("2026-01-04T12:00:00") / 1000,
    }
    found = plan_week([make_schedule("cron(0 1 * * ? *)", **dates)], to_milliseconds("2026-01-01T08:00:00"), "UTC")
    assert [len(each.times) for each in found.days] == [0, 0, 1, 1, 0, 0, 0]


def test_a_day_with_very_many_times_is_cut() -> None:
    plans = [make_schedule("cron(0 1 * * ? *)", name=str(number)) for number in range(200)]
    found = plan_week(plans, to_milliseconds("2026-01-01T08:00:00"), "UTC")
    assert [(len(each.times), each.more) for each in found.days[1:]] == [(150, 50)] * 6


@given(
    st.integers(to_milliseconds("2026-01-01T00:00:00"), to_milliseconds("2027-01-01T00:00:00")),
    st.integers(0, 59),
    st.integers(0, 23),
    st.sampled_from(["UTC", NEW_YORK, "Asia/Seoul", "Europe/Berlin", "Australia/Lord_Howe"]),
    st.sampled_from(["UTC", NEW_YORK, "Pacific/Auckland", "Africa/Cairo"]),
)
@example(
    1_776_463_200_000, 0, 0, "UTC", "Africa/Cairo"
)  # the day begins at one o'clock, because clocks go forward at midnight
def test_every_time_of_a_week_is_on_its_day(now: int, minute: int, hour: int, own: str, place: str) -> None:
    each = make_schedule(f"cron({minute} {hour} * * ? *)", own)
    found = plan_week([each], now, place)
    shown = sorted(moment.time for day in found.days for moment in day.times if moment.clock_change != "skipped")
    due = job_schedules.next_times(each.about, now, MAX_LISTED_PER_WEEK)
    assert shown == list(due[: len(shown)])
    assert DAYS - 1 <= len(shown) <= DAYS + 1
