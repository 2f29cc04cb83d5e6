"""A row of a schedule that cannot be read: it says so, can be replaced or deleted, and all others go on."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.engine import health
from tests.services.scheduler.scheduler_harness import HOUR, SchedulerHarness
from tests.services.scheduler.scheduler_harness import request as schedule_of


@pytest.fixture(params=['{"Target', "7"], ids=["no JSON", "no object"])
def broken(harness: SchedulerHarness, request: pytest.FixtureRequest) -> SchedulerHarness:
    """A harness with a schedule that cannot be read, and one that can."""
    harness.schedule("cron(0 * * * ? *)", "broken")
    harness.schedule("cron(0 * * * ? *)", "sound")
    harness.crash()
    harness.damage("UPDATE schedules SET body = ? WHERE arn LIKE '%/broken'", request.param)
    harness.up()
    return harness


def test_it_is_listed_and_says_that_it_cannot_be_read(broken: SchedulerHarness) -> None:
    found = broken.call("scheduler", "ListSchedules")["Schedules"]
    assert [each["Name"] for each in found] == ["broken", "sound"]
    with pytest.raises(AwsError, match="Schedule broken cannot be read") as caught:
        broken.get("broken")
    assert caught.value.code == "InternalServerException"


def test_the_health_names_it_until_it_is_replaced(broken: SchedulerHarness) -> None:
    (condition,) = health.read_health(broken.engine).conditions
    assert condition.name == "schedules-damaged"
    assert "1 schedule cannot be read and will start nothing (arn:aws:scheduler:us-east-1:" in condition.reason
    broken.call("scheduler", "UpdateSchedule", **schedule_of("cron(0 * * * ? *)", "broken"))
    assert health.read_health(broken.engine).status == "ok"


def test_its_slot_is_on_record_as_failed_and_others_fire(broken: SchedulerHarness) -> None:
    for _ in range(2):
        broken.advance(HOUR)
    assert [(slot.outcome, slot.detail) for slot in broken.slots("broken")] == [
        ("FAILED", "The schedule cannot be read.")
    ]
    assert broken.outcomes("sound") == ["DELIVERED", "DELIVERED"]


def test_it_can_be_replaced(broken: SchedulerHarness) -> None:
    broken.call("scheduler", "UpdateSchedule", **schedule_of("cron(0 * * * ? *)", "broken"))
    broken.advance(HOUR)
    assert broken.outcomes("broken") == ["DELIVERED"]


def test_it_can_be_deleted(broken: SchedulerHarness) -> None:
    broken.call("scheduler", "DeleteSchedule", Name="broken")
    assert [each["Name"] for each in broken.call("scheduler", "ListSchedules")["Schedules"]] == ["sound"]
