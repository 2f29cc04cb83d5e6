"""An alarm whose row cannot be read affects nothing else, is reported, and can be replaced or deleted."""

import pytest

from lamplighter.engine import health
from tests.engine_harness import EngineDied
from tests.services.cloudwatch.cloudwatch_harness import CloudWatchHarness


def test_a_damaged_alarm_does_not_affect_the_others_and_can_be_replaced(harness: CloudWatchHarness) -> None:
    harness.put_alarm("bad")
    harness.put_alarm("good")
    harness.crash()
    harness.damage("UPDATE alarms SET body = '{' WHERE name = 'bad'")
    harness.up()
    harness.put_value(30)
    harness.advance_minutes(1)
    assert [each["AlarmName"] for each in harness.cloudwatch("DescribeAlarms")["MetricAlarms"]] == ["good"]
    assert harness.state("good") == "ALARM"
    harness.put_evaluated_alarm("bad")
    assert harness.state("bad") == "ALARM"


def test_a_pending_action_of_a_damaged_alarm_is_delivered_once(harness: CloudWatchHarness) -> None:
    harness.create_topic()
    harness.put_alarm()
    harness.die_at(2, before=True)  # the first commit stores the state and the action, the second the outcome
    with pytest.raises(EngineDied):
        harness.cloudwatch("SetAlarmState", AlarmName="alarm", StateValue="ALARM", StateReason="a test")
    harness.damage("UPDATE alarms SET body = '{'")
    harness.up()
    harness.advance_minutes(1)
    assert [subject for subject, _ in harness.mails()] == ['ALARM: "alarm" in US East (N. Virginia)']
    assert harness.rows("SELECT count(*) FROM outbox WHERE service = 'monitoring'") == [(0,)]
    assert harness.rows("SELECT state, body FROM alarms") == [("ALARM", "{")]


def test_the_health_check_names_damaged_alarms_until_they_are_replaced(harness: CloudWatchHarness) -> None:
    for name in ("a", "b"):
        harness.put_alarm(name)
    harness.crash()
    harness.damage("UPDATE alarms SET body = '7'")
    harness.up()
    (condition,) = health.read_health(harness.engine).conditions
    assert condition.name == "alarms-damaged"
    assert condition.reason.startswith(
        "2 alarms cannot be read and will send no notifications (arn:aws:cloudwatch:us-east-1:"
    )
    for name in ("a", "b"):
        harness.put_alarm(name)
    assert health.read_health(harness.engine).status == "ok"


def test_a_damaged_alarm_can_be_deleted(harness: CloudWatchHarness) -> None:
    harness.put_alarm("bad")
    harness.crash()
    harness.damage("UPDATE alarms SET body = '{' WHERE name = 'bad'")
    harness.up()
    harness.cloudwatch("DeleteAlarms", AlarmNames=["bad"])
    assert harness.rows("SELECT count(*) FROM alarms") == [(0,)]
