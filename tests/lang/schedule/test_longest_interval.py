"""The longest time between two starts of a job."""

import pytest

from lamplighter.lang.schedule.longest_interval import longest_interval

HOUR, DAY = 3_600, 86_400


@pytest.mark.parametrize(
    ("schedule", "zone", "expected"),
    [
        (("rate(5 minutes)",), "UTC", 300),
        (("cron(0 3 * * ? *)",), "UTC", DAY),
        (("cron(0 3 * * ? *)",), "Europe/Berlin", DAY + HOUR),  # in the night when clocks are set back
        (("cron(0 3 ? * MON-FRI *)",), "UTC", 3 * DAY),
        (("cron(0 3 1 * ? *)",), "UTC", 31 * DAY),
        (("cron(0 3 1 * ? 2031)",), "UTC", 31 * DAY),
        (("cron(0 3 * * ? *)", "cron(0 15 * * ? *)"), "UTC", DAY // 2),
        (("cron(0 1,4 * * ? *)",), "Europe/Berlin", 22 * HOUR - HOUR),
        (("cron(* 9-16 ? * MON-FRI *)",), "UTC", 2 * DAY + 16 * HOUR + 60),
        (("cron(* 9-16 ? * MON-FRI *)",), "Europe/Berlin", 2 * DAY + 17 * HOUR + 60),
        (("cron(* * ? 1-6 * *)",), "UTC", 184 * DAY + 60),
        (("at(2026-12-31T03:00:00)",), "UTC", None),
        (("cron(0 3 29 2 ? *)",), "UTC", None),
        ((), "UTC", None),
    ],
)
def test_the_longest_interval_is_that_of_a_whole_year(
    schedule: tuple[str, ...], zone: str, expected: int | None
) -> None:
    assert longest_interval(schedule, zone) == expected


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Beirut", "Africa/Casablanca"])
def test_the_hour_that_clocks_repeat_does_not_count_for_a_schedule_of_every_five_minutes(zone: str) -> None:
    assert longest_interval(("cron(0/5 * * * ? *)",), zone) == 300


def test_a_rate_may_begin_at_any_time_so_others_between_its_times_do_not_shorten_its_interval() -> None:
    assert longest_interval(("rate(1 day)", "cron(0 12 ? * SUN *)"), "UTC") == DAY
