"""Evaluate composite alarms when the states of their child alarms change.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, loads
from lamplighter.services.cloudwatch.alarms.composite_rule import parse_rule
from tests.services.cloudwatch.cloudwatch_harness import CloudWatchHarness


def put_composite(harness: CloudWatchHarness, rule: str, name: str = "both", **settings: Json) -> None:
    harness.cloudwatch(
        "PutCompositeAlarm", AlarmName=name, AlarmRule=rule, **{"AlarmActions": [harness.topic]} | settings
    )
    harness.settle()


def describe_composite(harness: CloudWatchHarness, name: str = "both") -> Json:
    (found,) = harness.cloudwatch("DescribeAlarms", AlarmNames=[name], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    return found


def expect_error(harness: CloudWatchHarness, operation: str, **params: Json) -> str:
    with pytest.raises(AwsError) as caught:
        harness.cloudwatch(operation, **params)
    assert caught.value.code == "ValidationError"
    return caught.value.message


@pytest.fixture
def harness(harness: CloudWatchHarness) -> CloudWatchHarness:
    """A harness with two alarms in the state OK."""
    for name in ("cpu", "disk"):
        harness.put_alarm(name, AlarmActions=[])
        harness.cloudwatch("SetAlarmState", AlarmName=name, StateValue="OK", StateReason="test")
    return harness


def set_state(harness: CloudWatchHarness, name: str, state: str) -> None:
    harness.cloudwatch("SetAlarmState", AlarmName=name, StateValue=state, StateReason="test")
    harness.settle()


def test_a_composite_alarm_changes_with_its_child_alarms_and_sends_a_notification(harness: CloudWatchHarness) -> None:
    put_composite(harness, "ALARM(cpu) AND NOT OK(disk)", AlarmDescription="All is slow.")
    assert describe_composite(harness)["StateValue"] == "OK"
    set_state(harness, "cpu", "ALARM")
    assert describe_composite(harness)["StateValue"] == "OK"
    set_state(harness, "disk", "ALARM")
    shown = describe_composite(harness)
    assert (shown["StateValue"], shown["AlarmRule"]) == ("ALARM", "ALARM(cpu) AND NOT OK(disk)")
    assert shown["StateReason"].endswith(":alarm:disk transitioned to ALARM at Thursday 01 January, 2026 00:00:00 UTC")
    (envelope,) = harness.receive_notifications()
    message = loads(envelope["Message"])
    assert (message["AlarmRule"], message["OldStateValue"]) == ("ALARM(cpu) AND NOT OK(disk)", "OK")
    assert [each["Arn"].rpartition(":")[2] for each in message["TriggeringChildren"]] == ["disk"]
    assert "Rule:      ALARM(cpu) AND NOT OK(disk)" in harness.mails()[0][1]
    event = harness.published_events("aws.cloudwatch")[-1]
    assert event.detail["configuration"] == {"alarmRule": shown["AlarmRule"], "description": "All is slow."}
    harness.restart()
    set_state(harness, "disk", "OK")
    assert describe_composite(harness)["StateValue"] == "OK"


def test_a_composite_alarm_may_depend_on_another(harness: CloudWatchHarness) -> None:
    put_composite(harness, "ALARM(cpu)", "inner", AlarmActions=[])
    put_composite(harness, f'ALARM("inner") OR ALARM({describe_composite(harness, "inner")["AlarmArn"]})', "outer")
    set_state(harness, "cpu", "ALARM")
    assert describe_composite(harness, "outer")["StateValue"] == "ALARM"
    assert len(harness.receive_notifications()) == 1


def test_composite_alarms_are_listed_separately_from_metric_alarms(harness: CloudWatchHarness) -> None:
    put_composite(harness, "TRUE")
    assert [each["AlarmName"] for each in harness.cloudwatch("DescribeAlarms")["MetricAlarms"]] == ["cpu", "disk"]
    found = harness.cloudwatch("DescribeAlarms", AlarmTypes=["CompositeAlarm", "MetricAlarm"], MaxRecords=1)
    assert [each["AlarmName"] for each in found["CompositeAlarms"]] == ["both"]
    history = harness.cloudwatch("DescribeAlarmHistory", AlarmTypes=["CompositeAlarm"])["AlarmHistoryItems"]
    assert {item["AlarmName"] for item in history} == {"both"}
    assert {item["AlarmType"] for item in history} == {"CompositeAlarm"}
    assert {item["AlarmName"] for item in harness.cloudwatch("DescribeAlarmHistory")["AlarmHistoryItems"]} == {
        "cpu",
        "disk",
    }


def test_name_conflicts_and_invalid_dependencies_of_composite_alarms_are_refused(harness: CloudWatchHarness) -> None:
    def put(rule: str, name: str = "both") -> str:
        return expect_error(harness, "PutCompositeAlarm", AlarmName=name, AlarmRule=rule)

    assert put("ALARM(none)").endswith(":alarm:none] in the alarm rule do not exist")
    assert put("ALARM(cpu)", "cpu").startswith("The alarm cpu is a metric alarm")
    put_composite(harness, "ALARM(cpu)", "one")
    put_composite(harness, "ALARM(one)", "two")
    with pytest.raises(AwsError, match="The alarm one is a composite alarm"):
        harness.put_alarm("one")
    assert put("ALARM(two)", "one").startswith("A composite alarm must not depend on itself")
    assert expect_error(harness, "DeleteAlarms", AlarmNames=["cpu"]) == (
        "Cannot delete cpu as there are composite alarm(s) depending on it."
    )
    harness.cloudwatch("DeleteAlarms", AlarmNames=["cpu", "two", "one"])
    harness.cloudwatch("DeleteAlarms", AlarmNames=["disk"])


@pytest.mark.parametrize(
    "rule", ["", "ALARM", "ALARM()", "ALARM(a", "ALARM(a) ALARM(b)", "(TRUE", "TRUE)", "NOT", "a", "(" * 60 + "TRUE"]
)
def test_an_invalid_alarm_rule_is_refused(rule: str) -> None:
    with pytest.raises(AwsError):
        parse_rule(rule)


RULES = st.recursive(
    st.sampled_from(["TRUE", "FALSE", "ALARM(a)", 'OK("b c")', "INSUFFICIENT_DATA(a)"]),
    lambda inner: st.one_of(
        inner.map(lambda rule: f"NOT ({rule})"), st.tuples(inner, inner).map(lambda two: f"({two[0]} AND {two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"{two[0]} OR {two[1]}"),
    ),
    max_leaves=8,
)  # fmt: skip
STATES = st.sampled_from(["ALARM", "OK", "INSUFFICIENT_DATA"])


@given(RULES, STATES, STATES)
def test_a_rule_evaluates_like_the_same_python_expression(rule: str, first: str, second: str) -> None:
    expression = rule.replace("ALARM(a)", str(first == "ALARM")).replace('OK("b c")', str(second == "OK"))
    expression = expression.replace("INSUFFICIENT_DATA(a)", str(first == "INSUFFICIENT_DATA"))
    for word, python in (("TRUE", "True"), ("FALSE", "False"), ("NOT", "not"), ("AND", "and"), ("OR", "or")):
        expression = expression.replace(word, python)
    states = {"a": first, "b c": second}
    assert parse_rule(rule).holds(states.__getitem__) == eval(expression)


def test_describe_alarms_finds_the_children_and_the_parents_of_an_alarm(harness: CloudWatchHarness) -> None:
    put_composite(harness, "ALARM(cpu) AND ALARM(disk)")
    both = ["MetricAlarm", "CompositeAlarm"]
    children = harness.cloudwatch("DescribeAlarms", ChildrenOfAlarmName="both", AlarmTypes=both)["MetricAlarms"]
    parents = harness.cloudwatch("DescribeAlarms", ParentsOfAlarmName="cpu", AlarmTypes=both)["CompositeAlarms"]
    assert [each["AlarmName"] for each in children] == ["cpu", "disk"]
    assert [each["AlarmName"] for each in parents] == ["both"]
