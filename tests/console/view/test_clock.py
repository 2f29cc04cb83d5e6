"""The form and the time zone of times."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from lamplighter.console.view.clock import Clock, ZoneChoice, choose_clock, parse_choice
from lamplighter.lang.schedule.time_zones import UnknownZone

BERLIN = "Europe/Berlin"


def to_seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


NOW = to_seconds("2026-11-29T12:00:00+00:00")


def test_a_time_has_one_form_in_the_zone_of_the_page() -> None:
    clock = Clock(NOW, ZoneChoice(BERLIN))
    night = to_seconds("2026-11-28T01:30:07.250+00:00")
    assert clock.instant(night) == "Sat 28 Nov 02:30:07"
    assert clock.brief(night) == "Sat 28 Nov 02:30"
    assert clock.time_of_day(night) == "02:30:07.250"


def test_a_time_of_another_year_names_the_year_of_the_zone() -> None:
    new_year = to_seconds("2025-12-31T23:30:00+00:00")
    assert Clock(NOW).brief(new_year) == "Wed 31 Dec 2025 23:30"
    assert Clock(NOW, ZoneChoice(BERLIN)).brief(new_year) == "Thu 01 Jan 00:30"


def test_a_time_that_clocks_show_twice_has_its_offset_and_others_do_not() -> None:
    clock = Clock(NOW, ZoneChoice(BERLIN))
    hours = [to_seconds(f"2026-10-25T{hour:02}:30:00+00:00") for hour in range(3)]
    assert [clock.brief(each)[-12:] for each in hours] == ["02:30 +02:00", "02:30 +01:00", "25 Oct 03:30"]
    assert clock.time_of_day(hours[0]) == "02:30:00.000 +02:00"
    assert clock.instant(to_seconds("2026-03-29T01:30:00+00:00")) == "Sun 29 Mar 03:30:00"


def test_the_zone_of_the_schedules_is_shown_unless_another_zone_is_chosen() -> None:
    assert Clock(NOW, schedule_zone=BERLIN).zone == BERLIN
    assert Clock(NOW).zone == "UTC"
    assert Clock(NOW, ZoneChoice("Asia/Seoul"), BERLIN).zone == "Asia/Seoul"


def test_a_schedule_in_a_zone_that_does_not_exist_here_is_shown_in_utc() -> None:
    assert Clock(NOW, schedule_zone="Mars/Olympus").zone == "UTC"


@pytest.mark.parametrize("text", ["schedule", "UTC", BERLIN, f"mine:{BERLIN}"])
def test_a_choice_is_the_same_after_it_was_written_and_parsed(text: str) -> None:
    choice = parse_choice(text)
    assert choice.text == text
    assert choice.is_mine == text.startswith("mine:")


@pytest.mark.parametrize("text", ["", "mine:", "Nowhere", "../../etc/passwd", "posix/UTC", "x" * 5000, "a\0b", "<b>"])
def test_a_choice_that_is_no_zone_is_refused(text: str) -> None:
    with pytest.raises(UnknownZone):
        parse_choice(text)


def test_the_url_wins_over_the_cookie_and_an_unknown_zone_of_either_is_ignored() -> None:
    assert choose_clock(NOW, "UTC", BERLIN, "Asia/Seoul").zone == "UTC"
    assert choose_clock(NOW, "schedule", BERLIN, "Asia/Seoul").zone == "Asia/Seoul"
    assert choose_clock(NOW, None, BERLIN, "Asia/Seoul").zone == BERLIN
    assert choose_clock(NOW, None, "<b>", "Asia/Seoul").zone == "Asia/Seoul"
    unknown = choose_clock(NOW, "Nowhere", BERLIN, "Asia/Seoul")
    assert (unknown.zone, unknown.unknown) == (BERLIN, "Nowhere")


def test_every_instant_of_a_clock_change_has_its_own_text() -> None:
    clock = Clock(NOW, ZoneChoice(BERLIN))
    begin = round(datetime(2026, 10, 25, tzinfo=ZoneInfo(BERLIN)).timestamp())
    shown = [clock.instant(begin + minute * 60) for minute in range(6 * 60)]
    assert len(set(shown)) == len(shown)
