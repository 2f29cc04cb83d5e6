"""A damaged row affects only its own rule, target or schedule."""

import pytest

from lamplighter.engine import health
from tests.engine_harness import HOUR, chain
from tests.services.events.events_harness import QUEUE, EventsHarness, make_target

DAMAGE = pytest.mark.parametrize("damage", ["{", '"another shape"'])


@DAMAGE
def test_a_damaged_rule_is_skipped(harness: EventsHarness, caplog: pytest.LogCaptureFixture, damage: str) -> None:
    harness.put_rule({"source": ["shop", "aws.states"]}, make_target(QUEUE, Input='"bad"'), name="bad")
    harness.put_rule({"source": ["shop"]}, make_target(QUEUE, Input='"good"'), name="good")
    harness.crash()
    harness.damage("UPDATE event_resources SET body = ? WHERE name = 'bad'", damage)
    harness.up()
    harness.put_event()
    assert harness.messages() == ["good"]
    assert [each["Name"] for each in harness.call("events", "ListRules")["Rules"]] == ["good"]
    assert "rule/bad cannot be read" in caplog.text
    assert harness.status(harness.run_machine({"Type": "Pass"})) == "SUCCEEDED"


@DAMAGE
def test_the_health_check_names_a_damaged_rule_until_it_is_replaced(harness: EventsHarness, damage: str) -> None:
    for name in ("good", "bad"):
        harness.put_rule(None, make_target(QUEUE), name=name, ScheduleExpression="rate(1 hour)")
    assert health.read_health(harness.engine).status == "ok"
    harness.crash()
    harness.damage("UPDATE event_resources SET body = ? WHERE name = 'bad'", damage)
    harness.up()
    (condition,) = health.read_health(harness.engine).conditions
    assert condition.name == "rules-damaged"
    assert "1 rule, target or archive cannot be read and will receive no events" in condition.reason
    assert "(arn:aws:events:us-east-1:123456789012:rule/bad)" in condition.reason
    harness.call("events", "PutRule", Name="bad", ScheduleExpression="rate(1 hour)")
    assert health.read_health(harness.engine).status == "ok"
    harness.advance(HOUR)
    assert len(harness.messages()) == 2


def test_a_rule_whose_stored_pattern_is_invalid_receives_no_events(
    harness: EventsHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.put_rule({"source": ["shop"]}, make_target(QUEUE))
    harness.crash()
    harness.damage("UPDATE event_resources SET body = json_set(body, '$.EventPattern', '{}') WHERE kind = 'rule'")
    harness.up()
    harness.put_event()
    assert harness.messages() == []
    assert "gets no more events" in caplog.text


@DAMAGE
def test_a_damaged_target_is_skipped(harness: EventsHarness, caplog: pytest.LogCaptureFixture, damage: str) -> None:
    harness.put_rule(None, make_target(QUEUE, "1", Input='"bad"'), make_target(QUEUE, "2", Input='"good"'))
    harness.crash()
    harness.damage("UPDATE event_targets SET body = ? WHERE id = '1'", damage)
    harness.up()
    harness.put_event()
    assert harness.messages() == ["good"]
    assert "target 1" in caplog.text
    (condition,) = health.read_health(harness.engine).conditions
    assert "(arn:aws:events:us-east-1:123456789012:rule/rule target 1)" in condition.reason


def test_a_damaged_scheduled_rule_is_suspended(harness: EventsHarness, caplog: pytest.LogCaptureFixture) -> None:
    harness.put_rule(None, make_target(QUEUE), name="bad", ScheduleExpression="rate(1 hour)")
    harness.put_rule(None, make_target(QUEUE), name="good", ScheduleExpression="rate(1 hour)")
    harness.crash()
    harness.damage("UPDATE event_resources SET body = '{' WHERE name = 'bad'")
    harness.up()
    harness.advance(HOUR)
    assert len(harness.messages()) == 1
    assert "its schedule is suspended" in caplog.text


def test_a_full_disk_refuses_events_and_loses_no_accepted_event(harness: EventsHarness) -> None:
    machine = harness.machine(chain({"Type": "Pass"}))
    harness.put_rule(
        {"source": ["shop"]}, make_target(QUEUE), make_target(machine, "2", RoleArn="arn:aws:iam::123456789012:role/r")
    )
    harness.put_event()
    harness.disk.fill("write")
    assert harness.expect_error("PutEvents", Entries=[{"Source": "shop", "DetailType": "t", "Detail": "{}"}])[0] == (
        "ServiceUnavailable"
    )
    harness.disk.fill("")
    harness.put_event()
    assert len(harness.messages()) == 2
    assert len(harness.list_executions(machine)) == 2
