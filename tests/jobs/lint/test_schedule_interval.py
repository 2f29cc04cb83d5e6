"""The longest time between two starts of a job."""

import pytest

from lamplighter.jobs.file.model import Job
from lamplighter.jobs.lint.schedule_interval import longest_interval

HOUR, DAY = 3_600, 86_400


@pytest.mark.parametrize(
    ("schedule", "zone", "expected"),
    [
        (["rate(5 minutes)"], "UTC", 300),
        (["cron(0 3 * * ? *)"], "UTC", DAY),
        (["cron(0 3 * * ? *)"], "Europe/Berlin", DAY + HOUR),  # in the night when clocks are set back
        (["cron(0 3 ? * MON-FRI *)"], "UTC", 3 * DAY),
        (["cron(0 3 1 * ? *)"], "UTC", 31 * DAY),
        (["cron(0 3 * * ? *)", "cron(0 15 * * ? *)"], "UTC", DAY // 2),
        (["cron(* 9-16 ? * MON-FRI *)"], "UTC", 2 * DAY + 16 * HOUR + 60),
        (["cron(* * ? 1-6 * *)"], "UTC", 184 * DAY + 60),
        (["at(2026-12-31T03:00:00)"], "UTC", None),
        ([], "UTC", None),
    ],
)
def test_the_longest_interval_is_that_of_a_whole_year(schedule: list[str], zone: str, expected: int | None) -> None:
    assert longest_interval(Job.model_validate({"schedule": schedule, "timezone": zone})) == expected
