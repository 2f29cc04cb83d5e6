"""Evaluate composite alarms when the states of their child alarms change.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, loads
from lamplighter.services.cloudwatch.alarms.composite_rule import parse_rule
from tests.engine_harness import ACCOUNT, REGION
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
    assert expect_error(harness, "DeleteAlarms", AlarmNames=["two", "one"]).startswith("Only one composite alarm")
    harness.cloudwatch("DeleteAlarms", AlarmNames=["two"])
    harness.cloudwatch("DeleteAlarms", AlarmNames=["cpu", "one", "none"])
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


def triggering(harness: CloudWatchHarness) -> list[tuple[str, str]]:
    """Return the alarms that triggered the state of the composite alarm, with their states."""
    data = loads(describe_composite(harness)["StateReasonData"])["triggeringAlarms"]
    return [(each["arn"].rpartition(":")[2], each["state"]["value"]) for each in data]


def test_the_alarm_that_changed_has_triggered_the_state(harness: CloudWatchHarness) -> None:
    """Recorded: the data names the alarm whose change triggered the state, also when it returned to OK."""
    put_composite(harness, "ALARM(cpu) OR ALARM(disk)")
    assert triggering(harness) == [("cpu", "OK"), ("disk", "OK")]
    set_state(harness, "disk", "ALARM")
    assert triggering(harness) == [("disk", "ALARM")]
    set_state(harness, "cpu", "ALARM")
    assert triggering(harness) == [("disk", "ALARM")]
    set_state(harness, "cpu", "OK")
    set_state(harness, "disk", "OK")
    assert triggering(harness) == [("disk", "OK")]


SUPPRESSED: Json = {
    "ActionsSuppressor": "disk",
    "ActionsSuppressorWaitPeriod": 20,
    "ActionsSuppressorExtensionPeriod": 10,
}


def states_sent(harness: CloudWatchHarness) -> list[str]:
    """Return the states of the composite alarm that were sent to the topic since the last look."""
    return [loads(each["Message"])["NewStateValue"] for each in harness.receive_notifications()]


def test_a_suppressor_in_alarm_suppresses_the_actions_until_it_has_left_that_state(harness: CloudWatchHarness) -> None:
    put_composite(harness, "ALARM(cpu)", **SUPPRESSED)
    set_state(harness, "disk", "ALARM")
    set_state(harness, "cpu", "ALARM")
    shown = describe_composite(harness)
    assert (shown["ActionsSuppressedBy"], shown["ActionsSuppressedReason"]) == ("Alarm", "Actions suppressed by Alarm")
    harness.advance(30_000)
    assert states_sent(harness) == []
    set_state(harness, "disk", "OK")
    assert describe_composite(harness)["ActionsSuppressedBy"] == "ExtensionPeriod"
    harness.advance(9_000)
    assert states_sent(harness) == []
    harness.restart()
    harness.advance(1_000)
    assert states_sent(harness) == ["ALARM"]
    assert "ActionsSuppressedBy" not in describe_composite(harness)


def test_the_actions_wait_for_the_suppressor_and_are_sent_if_it_stays_out_of_alarm(harness: CloudWatchHarness) -> None:
    put_composite(harness, "ALARM(cpu)", **SUPPRESSED)
    set_state(harness, "cpu", "ALARM")
    assert describe_composite(harness)["ActionsSuppressedBy"] == "WaitPeriod"
    harness.advance(19_000)
    assert states_sent(harness) == []
    harness.advance(1_000)
    assert states_sent(harness) == ["ALARM"]


def test_an_alarm_that_returns_to_ok_while_it_is_suppressed_sends_nothing(harness: CloudWatchHarness) -> None:
    put_composite(harness, "ALARM(cpu)", OKActions=[harness.topic], **SUPPRESSED)
    states_sent(harness)
    set_state(harness, "cpu", "ALARM")
    set_state(harness, "disk", "ALARM")
    set_state(harness, "cpu", "OK")
    set_state(harness, "disk", "OK")
    harness.advance(50_000)
    assert states_sent(harness) == []
    assert harness.rows("SELECT count(*) FROM timers WHERE name = 'suppress'") == [(0,)]


def test_a_suppressor_needs_both_periods_must_exist_and_is_not_deleted(harness: CloudWatchHarness) -> None:
    def put(**settings: Json) -> str:
        return expect_error(harness, "PutCompositeAlarm", AlarmName="both", AlarmRule="ALARM(cpu)", **settings)

    assert "ActionsSuppressorWaitPeriod" in put(ActionsSuppressor="disk")
    assert put(**SUPPRESSED | {"ActionsSuppressor": "none"}).endswith("alarm:none does not exist")
    put_composite(harness, "ALARM(cpu)", **SUPPRESSED)
    assert expect_error(harness, "DeleteAlarms", AlarmNames=["disk"]).startswith("Cannot delete disk")


def test_parents_and_children_of_an_alarm_are_listed_whatever_their_type(harness: CloudWatchHarness) -> None:
    harness.put_alarm("child")
    for name, rule in (("inner", "ALARM(child)"), ("outer", "ALARM(inner) AND OK(child)"), ("other", "TRUE")):
        harness.cloudwatch("PutCompositeAlarm", AlarmName=name, AlarmRule=rule)
    parents = harness.cloudwatch("DescribeAlarms", ParentsOfAlarmName="child")
    prefix = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:"
    assert parents == {
        "MetricAlarms": [],
        "CompositeAlarms": [{"AlarmName": name, "AlarmArn": prefix + name} for name in ("inner", "outer")],
    }
    children = harness.cloudwatch("DescribeAlarms", ChildrenOfAlarmName="outer")
    assert [each["AlarmName"] for each in children["MetricAlarms"]] == ["child"]
    (inner,) = children["CompositeAlarms"]
    assert inner.keys() == {"AlarmName", "AlarmArn", "StateValue", "StateUpdatedTimestamp"}
    page = harness.cloudwatch("DescribeAlarms", ParentsOfAlarmName="child", MaxRecords=1)
    assert [each["AlarmName"] for each in page["CompositeAlarms"]] == ["inner"]
    with pytest.raises(AwsError) as error:
        harness.cloudwatch("DescribeAlarms", ParentsOfAlarmName="child", AlarmTypes=["CompositeAlarm"])
    assert error.value.code == "ValidationError"
