"""Schedules of alarm mute rules: cron expressions with five fields, one time, and durations."""

from datetime import UTC, datetime
from itertools import islice

import pytest

from lamplighter.lang.schedule.expression import MAX_INSTANT
from lamplighter.lang.schedule.mute_schedule import (
    InvalidMuteSchedule,
    MuteSchedule,
    parse_mute_duration,
    parse_mute_expression,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
"""A Thursday."""
HOUR = 3_600_000


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def next_times(expression: str, count: int = 3, zone: str = "UTC") -> list[str]:
    found = parse_mute_expression(expression).times(int(START.timestamp() * 1000), zone)
    return [f"{datetime.fromtimestamp(each / 1000, UTC):%m-%d %H:%M}" for each in islice(found, count)]


@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("cron(0 2 * * *)", ["01-01 02:00", "01-02 02:00", "01-03 02:00"]),
        ("cron(0 2 * * SUN)", ["01-04 02:00", "01-11 02:00", "01-18 02:00"]),
        ("cron(0 2 * * 0)", ["01-04 02:00", "01-11 02:00", "01-18 02:00"]),
        ("cron(0 2 * * 7)", ["01-04 02:00", "01-11 02:00", "01-18 02:00"]),
        ("cron(0 1 1 * *)", ["01-01 01:00", "02-01 01:00", "03-01 01:00"]),
        ("cron(0 18 * * FRI)", ["01-02 18:00", "01-09 18:00", "01-16 18:00"]),
        ("cron(30,45 8-9 5 feb mon-fri)", ["02-02 08:30", "02-02 08:45", "02-02 09:30"]),
        ("cron(0 0 3 * MON)", ["01-03 00:00", "01-05 00:00", "01-12 00:00"]),
        ("at(2026-03-01T02:30)", ["03-01 02:30"]),
    ],
)
def test_an_expression_names_times(expression: str, times: list[str]) -> None:
    assert next_times(expression) == times


def test_an_expression_is_in_a_time_zone() -> None:
    assert next_times("cron(0 2 * * *)", 1, "Asia/Tokyo") == ["01-01 17:00"]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "cron()",
            "cron(0 2 * *)",
            "cron(0 2 * * * *)",
            "cron(60 2 * * *)",
            "cron(0 2 0 * *)",
            "cron(0 2 * 13 *)",
        ),
        *("cron(0 2 * * 8)", "cron(5-1 2 * * *)", "cron(*/5 2 * * *)", "cron(0 2 ? * *)", "cron(0 2 * * FOO)"),
        *("rate(1 day)", "at(2026-02-30T00:00)", "at(2026-01-01)", "at(2026-01-01T00:00:00)", "cron(0 2 * * ²)"),
    ],
)
def test_other_expressions_are_invalid(text: str) -> None:
    with pytest.raises(InvalidMuteSchedule):
        parse_mute_expression(text)


@pytest.mark.parametrize(
    ("text", "hours"), [("PT4H", 4), ("P2DT12H", 60), ("P7D", 168), ("PT90M", 1.5), ("PT1M", 1 / 60), ("P15D", 360)]
)
def test_a_duration_has_days_hours_and_minutes(text: str, hours: float) -> None:
    assert parse_mute_duration(text) == hours * HOUR


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1DT", "PT0M", "PT30S", "P15DT1M", "P16D", "1H", "P1W", "-PT1H", "PT1H "]
)
def test_other_durations_are_invalid(text: str) -> None:
    with pytest.raises(InvalidMuteSchedule):
        parse_mute_duration(text)


def test_windows_are_within_the_dates_of_their_rule() -> None:
    schedule = MuteSchedule(
        parse_mute_expression("cron(0 22 * * *)"),
        "UTC",
        4 * HOUR,
        instant("2026-01-02T23:00"),
        instant("2026-01-05T00:00"),
    )
    changes = []
    now: int | None = instant("2026-01-01T00:00")
    while now is not None:
        changes.append((f"{datetime.fromtimestamp(now / 1000, UTC):%d %H:%M}", schedule.is_active(now)))
        now = schedule.next_change(now)
    assert changes == [
        ("01 00:00", False),
        ("02 23:00", True),
        ("03 02:00", False),
        ("03 22:00", True),
        ("04 02:00", False),
        ("04 22:00", True),
        ("05 00:00", False),
    ]


def test_windows_that_overlap_are_one() -> None:
    schedule = MuteSchedule(parse_mute_expression("cron(* * * * *)"), "UTC", 15 * 24 * HOUR, 0, MAX_INSTANT)
    now = instant("2026-06-01T00:00")
    assert schedule.is_active(now)
    change = schedule.next_change(now)
    assert change is not None
    assert now < change <= now + 15 * 24 * HOUR
    assert schedule.is_active(change)
