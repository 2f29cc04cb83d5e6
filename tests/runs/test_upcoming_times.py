"""Upcoming times are those at which Scheduler starts runs, and beside them those that clocks never show."""

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.lang.schedule.expression import parse_schedule
from lamplighter.runs.jobs.upcoming_times import Timetable, UpcomingTime, next_time, upcoming_times

MARCH_27 = 1_774_569_600_000
"""2026-03-27T00:00:00Z: two days before clocks in Berlin are set forward."""
OCTOBER_24 = 1_792_800_000_000
"""2026-10-24T00:00:00Z: a day before they are set back."""
DAY = 86_400_000


def first(count: int, table: Timetable, now: int) -> list[UpcomingTime]:
    return list(islice(upcoming_times([table], now), count))


def test_a_time_that_clocks_are_set_forward_over_is_listed_in_its_place_and_marked() -> None:
    found = first(4, Timetable("cron(30 2 * * ? *)", "Europe/Berlin"), MARCH_27)
    assert [(f"{each.local_time:%m-%d %H:%M}", each.skipped) for each in found] == [
        ("03-27 02:30", False), ("03-28 02:30", False), ("03-29 02:30", True), ("03-30 02:30", False),
    ]  # fmt: skip


def test_of_many_times_that_are_skipped_in_a_row_the_first_is_listed() -> None:
    found = list(islice(upcoming_times([Timetable("cron(0/5 * * * ? *)", "Europe/Berlin")], MARCH_27 + 2 * DAY), 40))
    assert [f"{each.local_time:%H:%M}" for each in found if each.skipped] == ["02:00"]


def test_a_time_that_clocks_show_twice_is_one_run_and_marked() -> None:
    found = first(3, Timetable("cron(30 2 * * ? *)", "Europe/Berlin"), OCTOBER_24)
    assert [each.doubled for each in found] == [False, True, False]
    assert [each.skipped for each in found] == [False, False, False]


def test_the_next_run_is_none_that_is_skipped() -> None:
    found = next_time([Timetable("cron(30 2 29 3 ? *)", "Europe/Berlin")], MARCH_27)
    assert found is not None
    assert found.local_time.year == 2027


def test_a_schedule_that_is_paused_has_no_times() -> None:
    assert first(1, Timetable("rate(1 minute)", enabled=False), MARCH_27) == []


def test_times_lie_within_the_dates_of_the_schedule() -> None:
    table = Timetable("cron(0 0 * * ? *)", start=MARCH_27 + DAY, end=MARCH_27 + 2 * DAY)
    assert [each.instant for each in first(9, table, MARCH_27 - 5 * DAY)] == [MARCH_27 + DAY, MARCH_27 + 2 * DAY]


def test_a_rate_counts_from_its_anchor_and_without_one_is_a_guess() -> None:
    anchored = first(1, Timetable("rate(1 hour)", anchor=MARCH_27 - 60_000), MARCH_27)[0]
    assert (anchored.instant, anchored.guessed) == (MARCH_27 + 59 * 60_000, False)
    assert first(1, Timetable("rate(1 hour)"), MARCH_27)[0].guessed


def test_a_time_that_never_comes_is_listed_as_skipped() -> None:
    (found,) = first(2, Timetable("at(2026-03-29T02:30:00)", "Europe/Berlin"), MARCH_27)
    assert found.skipped


def test_timetables_are_merged_in_the_order_of_time() -> None:
    tables = [Timetable("cron(0 12 * * ? *)"), Timetable("cron(0 6 * * ? *)")]
    instants = [each.instant for each in islice(upcoming_times(tables, MARCH_27), 6)]
    assert instants == sorted(instants)


@given(
    st.sampled_from(["cron(30 2 * * ? *)", "cron(0/20 1-3 * * ? *)", "rate(7 minutes)", "cron(0 3 ? * SUN *)"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    st.integers(MARCH_27, MARCH_27 + 366 * DAY),
)
def test_the_times_are_those_at_which_the_scheduler_rings(expression: str, zone: str, now: int) -> None:
    runs = (
        each.instant for each in upcoming_times([Timetable(expression, zone, anchor=MARCH_27)], now) if not each.skipped
    )
    rung = parse_schedule(expression, strict=False).times(now, zone, MARCH_27)
    assert list(islice(runs, 30)) == list(islice(rung, 30))
