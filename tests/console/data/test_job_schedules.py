"""The schedules of a job and their next times."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.console.data.jobs.job_schedules import from_rule, from_schedule, next_times

JANUARY = 1_767_225_600_000
"""The first of January, at midnight UTC."""
HOUR = 3600


def schedule(expression: str, **given: Json) -> Json:
    return {"Arn": "arn:s", "Name": "s", "ScheduleExpression": expression, "State": "ENABLED", **given}


def test_the_next_time_uses_the_schedule_s_time_zone() -> None:
    found = from_schedule(schedule("cron(0 18 * * ? *)", ScheduleExpressionTimezone="Asia/Seoul"), JANUARY)
    assert found.next == JANUARY / 1000 + 9 * HOUR


def test_a_rate_counts_from_the_creation_of_its_schedule() -> None:
    begun = JANUARY / 1000 - 600
    assert next_times(schedule("rate(1 hours)", CreationDate=begun), JANUARY, 2) == [begun + HOUR, begun + 2 * HOUR]


def test_next_times_are_within_the_start_and_end_dates_of_a_schedule() -> None:
    second = JANUARY / 1000
    assert next_times(schedule("rate(1 hours)", StartDate=second + 7200), JANUARY, 1) == [second + 7200]
    assert next_times(schedule("rate(1 hours)", CreationDate=second, EndDate=second + 1800), JANUARY, 1) == []


@pytest.mark.parametrize("given", [{"State": "DISABLED"}, {"ScheduleExpression": "nonsense"}])
def test_a_disabled_or_invalid_schedule_has_no_next_time(given: Json) -> None:
    assert from_schedule(schedule("rate(1 hours)") | given, JANUARY).next is None


def test_a_rule_with_a_rate_has_no_known_next_time() -> None:
    assert from_rule(schedule("rate(5 minutes)"), JANUARY).next is None
    assert from_rule(schedule("cron(0 18 * * ? *)"), JANUARY).next == JANUARY / 1000 + 18 * HOUR
