"""A row that can't be read concerns nobody but whose it is."""

import pytest

from lamplighter.engine import health
from tests.engine_harness import HOUR, chain
from tests.services.events.events_harness import QUEUE, EventsHarness, to

DAMAGE = pytest.mark.parametrize("damage", ["{", '"another shape"'])


@DAMAGE
def test_a_rule_that_cannot_be_read_is_passed_over(
    harness: EventsHarness, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    harness.rule({"source": ["shop", "aws.states"]}, to(QUEUE, Input='"bad"'), name="bad")
    harness.rule({"source": ["shop"]}, to(QUEUE, Input='"good"'), name="good")
    harness.crash()
    harness.damage("UPDATE event_resources SET body = ? WHERE name = 'bad'", damage)
    harness.up()
    harness.put()
    assert harness.messages() == ["good"]
    assert [each["Name"] for each in harness.call("events", "ListRules")["Rules"]] == ["good"]
    assert "rule/bad cannot be read" in caplog.text
    assert harness.status(harness.run_machine({"Type": "Pass"})) == "SUCCEEDED"


@DAMAGE
def test_the_health_names_a_rule_that_cannot_be_read_until_it_is_put_anew(harness: EventsHarness, damage: str) -> None:
    for name in ("good", "bad"):
        harness.rule(None, to(QUEUE), name=name, ScheduleExpression="rate(1 hour)")
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


def test_a_pattern_that_is_none_any_more_wants_nothing(
    harness: EventsHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.rule({"source": ["shop"]}, to(QUEUE))
    harness.crash()
    harness.damage("UPDATE event_resources SET body = json_set(body, '$.EventPattern', '{}') WHERE kind = 'rule'")
    harness.up()
    harness.put()
    assert harness.messages() == []
    assert "gets no more events" in caplog.text


@DAMAGE
def test_a_target_that_cannot_be_read_is_passed_over(
    harness: EventsHarness, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    harness.rule(None, to(QUEUE, "1", Input='"bad"'), to(QUEUE, "2", Input='"good"'))
    harness.crash()
    harness.damage("UPDATE event_targets SET body = ? WHERE id = '1'", damage)
    harness.up()
    harness.put()
    assert harness.messages() == ["good"]
    assert "target 1" in caplog.text
    (condition,) = health.read_health(harness.engine).conditions
    assert "(arn:aws:events:us-east-1:123456789012:rule/rule target 1)" in condition.reason


def test_a_schedule_that_cannot_be_read_stands_still(harness: EventsHarness, caplog: pytest.LogCaptureFixture) -> None:
    harness.rule(None, to(QUEUE), name="bad", ScheduleExpression="rate(1 hour)")
    harness.rule(None, to(QUEUE), name="good", ScheduleExpression="rate(1 hour)")
    harness.crash()
    harness.damage("UPDATE event_resources SET body = '{' WHERE name = 'bad'")
    harness.up()
    harness.advance(HOUR)
    assert len(harness.messages()) == 1
    assert "its schedule is suspended" in caplog.text


def test_a_full_disk_refuses_events_and_loses_none_that_were_taken(harness: EventsHarness) -> None:
    machine = harness.machine(chain({"Type": "Pass"}))
    harness.rule({"source": ["shop"]}, to(QUEUE), to(machine, "2", RoleArn="arn:aws:iam::123456789012:role/r"))
    harness.put()
    harness.disk.fill("write")
    assert harness.refused("PutEvents", Entries=[{"Source": "shop", "DetailType": "t", "Detail": "{}"}])[0] == (
        "ServiceUnavailable"
    )
    harness.disk.fill("")
    harness.put()
    assert len(harness.messages()) == 2
    assert len(harness.executions(machine)) == 2
