"""A damaged schedule reports its damage and can be replaced or deleted; the other schedules continue."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.engine import health
from tests.services.scheduler.scheduler_harness import HOUR, SchedulerHarness, schedule_request


@pytest.fixture(params=['{"Target', "7"], ids=["invalid JSON", "not an object"])
def damaged(harness: SchedulerHarness, request: pytest.FixtureRequest) -> SchedulerHarness:
    """A harness with a schedule that cannot be read and a schedule that can."""
    harness.create_schedule("cron(0 * * * ? *)", "broken")
    harness.create_schedule("cron(0 * * * ? *)", "sound")
    harness.crash()
    harness.damage("UPDATE schedules SET body = ? WHERE arn LIKE '%/broken'", request.param)
    harness.up()
    return harness


def test_a_damaged_schedule_is_listed_but_get_schedule_reports_the_damage(damaged: SchedulerHarness) -> None:
    found = damaged.call("scheduler", "ListSchedules")["Schedules"]
    assert [each["Name"] for each in found] == ["broken", "sound"]
    with pytest.raises(AwsError, match="Schedule broken cannot be read") as caught:
        damaged.get_schedule("broken")
    assert caught.value.code == "InternalServerException"


def test_the_health_check_names_a_damaged_schedule_until_it_is_replaced(damaged: SchedulerHarness) -> None:
    (condition,) = health.read_health(damaged.engine).conditions
    assert condition.name == "schedules-damaged"
    assert "1 schedule cannot be read and will start nothing (arn:aws:scheduler:us-east-1:" in condition.reason
    damaged.call("scheduler", "UpdateSchedule", **schedule_request("cron(0 * * * ? *)", "broken"))
    assert health.read_health(damaged.engine).status == "ok"


def test_the_slot_of_a_damaged_schedule_is_recorded_as_failed_and_others_fire(damaged: SchedulerHarness) -> None:
    for _ in range(2):
        damaged.advance(HOUR)
    assert [(slot.outcome, slot.detail) for slot in damaged.slots("broken")] == [
        ("FAILED", "The schedule cannot be read.")
    ]
    assert damaged.outcomes("sound") == ["DELIVERED", "DELIVERED"]


def test_a_damaged_schedule_can_be_replaced(damaged: SchedulerHarness) -> None:
    damaged.call("scheduler", "UpdateSchedule", **schedule_request("cron(0 * * * ? *)", "broken"))
    damaged.advance(HOUR)
    assert damaged.outcomes("broken") == ["DELIVERED"]


def test_a_damaged_schedule_can_be_deleted(damaged: SchedulerHarness) -> None:
    damaged.call("scheduler", "DeleteSchedule", Name="broken")
    assert [each["Name"] for each in damaged.call("scheduler", "ListSchedules")["Schedules"]] == ["sound"]
