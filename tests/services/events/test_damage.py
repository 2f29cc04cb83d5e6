"""A row that can't be read concerns nobody but whose it is."""

import pytest

from lamplighter.engine import health
from tests.engines import HOUR, chain
from tests.services.events.hall import QUEUE, Hall, to

DAMAGE = pytest.mark.parametrize("damage", ["{", '"another shape"'])


@DAMAGE
def test_a_rule_that_cannot_be_read_is_passed_over(hall: Hall, caplog: pytest.LogCaptureFixture, damage: str) -> None:
    hall.rule({"source": ["shop", "aws.states"]}, to(QUEUE, Input='"bad"'), name="bad")
    hall.rule({"source": ["shop"]}, to(QUEUE, Input='"good"'), name="good")
    hall.crash()
    hall.damage("UPDATE event_resources SET body = ? WHERE name = 'bad'", damage)
    hall.up()
    hall.put()
    assert hall.messages() == ["good"]
    assert [each["Name"] for each in hall.call("events", "ListRules")["Rules"]] == ["good"]
    assert "rule/bad cannot be read" in caplog.text
    assert hall.status(hall.run_machine({"Type": "Pass"})) == "SUCCEEDED"


@DAMAGE
def test_the_health_names_a_rule_that_cannot_be_read_until_it_is_put_anew(hall: Hall, damage: str) -> None:
    for name in ("good", "bad"):
        hall.rule(None, to(QUEUE), name=name, ScheduleExpression="rate(1 hour)")
    assert health.read_health(hall.engine).status == "ok"
    hall.crash()
    hall.damage("UPDATE event_resources SET body = ? WHERE name = 'bad'", damage)
    hall.up()
    (condition,) = health.read_health(hall.engine).conditions
    assert condition.name == "rules-damaged"
    assert "1 rule, target or archive cannot be read and will hear of no event" in condition.reason
    assert "(arn:aws:events:us-east-1:123456789012:rule/bad)" in condition.reason
    hall.call("events", "PutRule", Name="bad", ScheduleExpression="rate(1 hour)")
    assert health.read_health(hall.engine).status == "ok"
    hall.advance(HOUR)
    assert len(hall.messages()) == 2


def test_a_pattern_that_is_none_any_more_wants_nothing(hall: Hall, caplog: pytest.LogCaptureFixture) -> None:
    hall.rule({"source": ["shop"]}, to(QUEUE))
    hall.crash()
    hall.damage("UPDATE event_resources SET body = json_set(body, '$.EventPattern', '{}') WHERE kind = 'rule'")
    hall.up()
    hall.put()
    assert hall.messages() == []
    assert "wants nothing any more" in caplog.text


@DAMAGE
def test_a_target_that_cannot_be_read_is_passed_over(hall: Hall, caplog: pytest.LogCaptureFixture, damage: str) -> None:
    hall.rule(None, to(QUEUE, "1", Input='"bad"'), to(QUEUE, "2", Input='"good"'))
    hall.crash()
    hall.damage("UPDATE event_targets SET body = ? WHERE id = '1'", damage)
    hall.up()
    hall.put()
    assert hall.messages() == ["good"]
    assert "target 1" in caplog.text
    (condition,) = health.read_health(hall.engine).conditions
    assert "(arn:aws:events:us-east-1:123456789012:rule/rule target 1)" in condition.reason


def test_a_schedule_that_cannot_be_read_stands_still(hall: Hall, caplog: pytest.LogCaptureFixture) -> None:
    hall.rule(None, to(QUEUE), name="bad", ScheduleExpression="rate(1 hour)")
    hall.rule(None, to(QUEUE), name="good", ScheduleExpression="rate(1 hour)")
    hall.crash()
    hall.damage("UPDATE event_resources SET body = '{' WHERE name = 'bad'")
    hall.up()
    hall.advance(HOUR)
    assert len(hall.messages()) == 1
    assert "its schedule stands still" in caplog.text


def test_a_full_disk_refuses_events_and_loses_none_that_were_taken(hall: Hall) -> None:
    machine = hall.machine(chain({"Type": "Pass"}))
    hall.rule({"source": ["shop"]}, to(QUEUE), to(machine, "2", RoleArn="arn:aws:iam::123456789012:role/r"))
    hall.put()
    hall.disk.fill("write")
    assert hall.refused("PutEvents", Entries=[{"Source": "shop", "DetailType": "t", "Detail": "{}"}])[0] == (
        "ServiceUnavailable"
    )
    hall.disk.fill("")
    hall.put()
    assert len(hall.messages()) == 2
    assert len(hall.executions(machine)) == 2
