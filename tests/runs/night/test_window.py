"""From when until when a night is shown."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.runs.night.window import InvalidNightTime, read_window

BERLIN = ZoneInfo("Europe/Berlin")
DAY = 86_400_000


def instant(text: str, zone: ZoneInfo = BERLIN) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


@pytest.mark.parametrize(
    ("now", "since"),
    [
        ("2026-11-27T09:00", "2026-11-26T18:00"),
        ("2026-11-26T17:59", "2026-11-25T18:00"),
        ("2026-11-26T18:00", "2026-11-26T18:00"),
        ("2026-03-29T09:00", "2026-03-28T18:00"),  # clocks were set forward in this night
    ],
)
def test_the_night_began_at_the_last_18_o_clock(now: str, since: str) -> None:
    assert read_window("", "", instant(now), BERLIN).since == instant(since)


def test_a_night_ends_at_the_next_morning() -> None:
    assert read_window("", "", instant("2026-11-27T08:59"), BERLIN).morning == instant("2026-11-27T09:00")
    assert read_window("", "", instant("2026-11-27T09:00"), BERLIN).morning == instant("2026-11-28T09:00")


def test_a_night_lies_between_two_given_times() -> None:
    window = read_window("2026-11-20T18:00", "2026-11-21T09:00", instant("2026-11-27T08:59"), BERLIN)
    assert (window.since, window.until) == (instant("2026-11-20T18:00"), instant("2026-11-21T09:00"))


def test_a_time_may_name_its_own_offset() -> None:
    window = read_window("2026-11-20T18:00+00:00", "", instant("2026-11-27T08:59"), BERLIN)
    assert window.since == instant("2026-11-20T18:00", ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("since", "until"), [("soon", ""), ("24:00", ""), ("18:60", ""), ("", "x"), ("18:00", "17:00"), ("2026-13-01", "")]
)
def test_what_is_no_time_is_refused_with_an_example(since: str, until: str) -> None:
    with pytest.raises(InvalidNightTime, match=r"18:00|must end after"):
        read_window(since, until, instant("2026-11-27T12:00"), BERLIN)


@given(now=st.integers(0, 2**41), hour=st.integers(0, 23), minute=st.integers(0, 59))
def test_any_time_of_day_is_found_within_the_last_day(now: int, hour: int, minute: int) -> None:
    window = read_window(f"{hour:02}:{minute:02}", "", now, BERLIN)
    assert now - DAY - 3_600_000 <= window.since <= now < window.morning <= now + DAY + 3_600_000
