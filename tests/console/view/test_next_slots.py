"""The next times of a job's schedules."""

from datetime import UTC, datetime

from lamplighter.base.json_text import Json
from lamplighter.console.data.jobs.job_schedules import JobSchedule, from_rule, from_schedule
from lamplighter.console.view.next_slots import next_slots


def instant(text: str) -> int:
    """Return a time in UTC in milliseconds since the epoch."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def schedule(expression: str, now: int, zone: str = "UTC", **given: Json) -> JobSchedule:
    """Return a schedule as the console reads it."""
    about = {"Arn": "arn:s", "Name": "s", "ScheduleExpression": expression, "ScheduleExpressionTimezone": zone}
    return from_schedule({**about, "State": "ENABLED", **given}, now)


def test_the_next_three_times_of_all_schedules_are_listed_in_their_zones() -> None:
    now = instant("2026-01-01")
    found = next_slots([schedule("cron(0 3 * * ? *)", now, "Asia/Seoul"), schedule("cron(0 12 * * ? *)", now)], now)
    assert [(each.local_time, each.zone) for each in found] == [
        ("Thu 01 Jan 12:00", "UTC"),
        ("Fri 02 Jan 03:00", "Asia/Seoul"),
        ("Fri 02 Jan 12:00", "UTC"),
    ]


def test_a_time_that_clocks_skip_is_listed_beside_three_others() -> None:
    now = instant("2026-03-28")
    found = next_slots([schedule("cron(30 2 * * ? *)", now, "Europe/Berlin")], now)
    assert [(each.local_time, each.is_missing) for each in found] == [
        ("Sat 28 Mar 02:30", False),
        ("Sun 29 Mar 02:30", True),
        ("Mon 30 Mar 02:30", False),
        ("Tue 31 Mar 02:30", False),
    ]


def test_a_time_that_clocks_show_twice_is_marked() -> None:
    now = instant("2026-10-24T12:00")
    found = next_slots([schedule("cron(30 2 * * ? *)", now, "Europe/Berlin")], now)
    assert [each.is_doubled for each in found] == [True, False, False]


def test_a_paused_or_invalid_schedule_and_the_rate_of_a_rule_have_no_times() -> None:
    now = instant("2026-01-01")
    rate = {"Arn": "arn:r", "Name": "r", "ScheduleExpression": "rate(5 minutes)"}
    entries = [
        schedule("cron(0 3 * * ? *)", now, State="DISABLED"),
        schedule("nonsense", now),
        from_rule(rate, now),
    ]
    assert next_slots(entries, now) == []
