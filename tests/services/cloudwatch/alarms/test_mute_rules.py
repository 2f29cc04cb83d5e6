"""Alarm mute rules mute the actions of their alarms in windows, and release them at the end.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-mute-rules-behaviour.html
"""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, loads
from tests.engine_harness import ACCOUNT, REGION
from tests.services.cloudwatch.cloudwatch_harness import MINUTE, CloudWatchHarness

HOUR = 60 * MINUTE
ARN = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm-mute-rule:night"


def put_rule(harness: CloudWatchHarness, name: str = "night", **params: Json) -> None:
    """Mute the alarm from 1 to 3 o'clock each night; the clock of a harness begins at midnight."""
    schedule = {"Expression": "cron(0 1 * * *)", "Duration": "PT2H"} | params.pop("schedule", {})
    given = {"Rule": {"Schedule": schedule}, "MuteTargets": {"AlarmNames": ["alarm"]}} | params
    harness.cloudwatch("PutAlarmMuteRule", Name=name, **given)
    harness.settle()


def get_rule(harness: CloudWatchHarness, name: str = "night") -> Json:
    return harness.cloudwatch("GetAlarmMuteRule", AlarmMuteRuleName=name)


def set_state(harness: CloudWatchHarness, state: str) -> None:
    harness.cloudwatch("SetAlarmState", AlarmName="alarm", StateValue=state, StateReason="a test")
    harness.settle()


def sent(harness: CloudWatchHarness) -> list[tuple[str, str]]:
    """Return the old and the new states of all notifications since the last call."""
    return [(message["OldStateValue"], message["NewStateValue"]) for message in notifications(harness)]


def notifications(harness: CloudWatchHarness) -> list[Json]:
    """Return all notifications since the last call."""
    url = f"http://127.0.0.1:4566/{ACCOUNT}/people"
    found: list[Json] = []
    while received := harness.call("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for each in received:
            found.append(loads(loads(each["Body"])["Message"]))
            harness.call("sqs", "DeleteMessage", QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
    return found


@pytest.fixture
def muted(harness: CloudWatchHarness) -> CloudWatchHarness:
    """An alarm that only SetAlarmState changes, with actions for all states, in OK."""
    metrics = [{"Id": "q", "Expression": "SELECT AVG(m) FROM app", "Period": 60}]
    settings = {name: [harness.topic] for name in ("AlarmActions", "OKActions", "InsufficientDataActions")}
    harness.cloudwatch(
        "PutMetricAlarm", AlarmName="alarm", Metrics=metrics, EvaluationPeriods=1, Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold", **settings,
    )  # fmt: skip
    set_state(harness, "OK")
    assert sent(harness) == [("INSUFFICIENT_DATA", "OK")]
    return harness


def test_a_notification_says_whether_it_was_muted_before(muted: CloudWatchHarness) -> None:
    set_state(muted, "ALARM")
    (message,) = notifications(muted)
    assert message["ActionExecutedAfterMuteWindow"] is False
    put_rule(muted)
    muted.advance(HOUR)
    set_state(muted, "OK")
    muted.advance(2 * HOUR)
    (message,) = notifications(muted)
    assert (message["NewStateValue"], message["ActionExecutedAfterMuteWindow"]) == ("OK", True)
    set_state(muted, "ALARM")
    (message,) = notifications(muted)
    assert message["ActionExecutedAfterMuteWindow"] is False


def test_a_rule_is_shown_with_its_status(muted: CloudWatchHarness) -> None:
    put_rule(muted, Description="backups", Tags=[{"Key": "a", "Value": "b"}])
    now = muted.clock.now() / 1000
    assert get_rule(muted) == {
        "Name": "night",
        "AlarmMuteRuleArn": ARN,
        "Description": "backups",
        "Rule": {"Schedule": {"Expression": "cron(0 1 * * *)", "Duration": "PT2H"}},
        "MuteTargets": {"AlarmNames": ["alarm"]},
        "Status": "SCHEDULED",
        "LastUpdatedTimestamp": now,
        "MuteType": "RECURRING",
    }
    muted.advance(HOUR)
    assert get_rule(muted)["Status"] == "ACTIVE"
    assert muted.cloudwatch("ListTagsForResource", ResourceARN=ARN) == {"Tags": [{"Key": "a", "Value": "b"}]}
    put_rule(muted, "once", schedule={"Expression": "at(2026-01-01T02:00)"}, ExpireDate=now + 7200)
    muted.advance(HOUR)
    once = get_rule(muted, "once")
    assert (once["Status"], once["MuteType"], once["ExpireDate"]) == ("EXPIRED", "ONE_TIME", now + 7200)


def test_rules_are_listed_by_alarm_and_status_in_pages(muted: CloudWatchHarness) -> None:
    put_rule(muted, "a")
    put_rule(muted, "b", schedule={"Expression": "cron(0 0 * * *)"})
    put_rule(muted, "c", MuteTargets={"AlarmNames": []})

    def listed(**params: Json) -> list[str]:
        found = muted.cloudwatch("ListAlarmMuteRules", **params)["AlarmMuteRuleSummaries"]
        return [each["AlarmMuteRuleArn"].rpartition(":")[2] for each in found]

    assert listed() == ["a", "b", "c"]
    assert listed(AlarmName="alarm") == ["a", "b"]
    assert listed(Statuses=["ACTIVE"]) == ["b"]
    first = muted.cloudwatch("ListAlarmMuteRules", MaxRecords=2)
    assert listed(NextToken=first["NextToken"]) == ["c"]


def test_an_action_is_muted_and_sent_when_the_window_ends(muted: CloudWatchHarness) -> None:
    put_rule(muted)
    muted.advance(HOUR)
    set_state(muted, "ALARM")
    assert sent(muted) == []
    muted.advance(2 * HOUR - 1)
    assert sent(muted) == []
    muted.advance(1)
    assert sent(muted) == [("OK", "ALARM")]
    set_state(muted, "OK")
    assert sent(muted) == [("ALARM", "OK")]


def test_nothing_is_sent_for_an_alarm_that_is_as_before(muted: CloudWatchHarness) -> None:
    put_rule(muted)
    muted.advance(HOUR)
    set_state(muted, "ALARM")
    set_state(muted, "OK")
    muted.advance(2 * HOUR)
    assert sent(muted) == []


def test_outside_of_the_window_actions_are_sent(muted: CloudWatchHarness) -> None:
    put_rule(muted)
    set_state(muted, "ALARM")
    assert sent(muted) == [("OK", "ALARM")]
    muted.advance(25 * HOUR)
    set_state(muted, "OK")
    assert sent(muted) == []


def test_an_alarm_is_muted_until_the_last_of_its_rules_ends(muted: CloudWatchHarness) -> None:
    put_rule(muted)
    put_rule(muted, "longer", schedule={"Duration": "PT5H"})
    muted.advance(HOUR)
    set_state(muted, "ALARM")
    muted.advance(2 * HOUR)
    assert sent(muted) == []
    muted.advance(3 * HOUR)
    assert sent(muted) == [("OK", "ALARM")]


def test_a_deleted_or_changed_rule_unmutes_its_alarms_at_once(muted: CloudWatchHarness) -> None:
    put_rule(muted)
    muted.advance(HOUR)
    set_state(muted, "ALARM")
    muted.cloudwatch("DeleteAlarmMuteRule", AlarmMuteRuleName="night")
    muted.settle()
    assert sent(muted) == [("OK", "ALARM")]
    muted.cloudwatch("DeleteAlarmMuteRule", AlarmMuteRuleName="night")
    put_rule(muted)
    set_state(muted, "OK")
    put_rule(muted, MuteTargets={"AlarmNames": []})
    assert sent(muted) == [("ALARM", "OK")]


def test_a_window_that_ends_while_no_engine_runs_is_released_by_the_next_one(muted: CloudWatchHarness) -> None:
    put_rule(muted)
    muted.advance(HOUR)
    set_state(muted, "ALARM")
    muted.down()
    muted.clock.advance(9 * HOUR)
    muted.up()
    muted.settle()
    assert sent(muted) == [("OK", "ALARM")]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"schedule": {"Expression": "cron(0 1 * *)"}}, "schedule of the mute rule is invalid"),
        ({"schedule": {"Duration": "PT30S"}}, "schedule of the mute rule is invalid"),
        ({"schedule": {"Timezone": "Nowhere/City"}}, "time zone"),
        ({"MuteTargets": {"AlarmNames": ["none"]}}, "do not exist"),
        ({"StartDate": 2_000_000_000, "ExpireDate": 1_900_000_000}, "later than StartDate"),
    ],
)
def test_an_invalid_rule_is_refused(muted: CloudWatchHarness, params: Json, message: str) -> None:
    with pytest.raises(AwsError, match=message) as error:
        put_rule(muted, **params)
    assert error.value.code == "ValidationError"
    with pytest.raises(AwsError) as error:
        get_rule(muted)
    assert error.value.code == "ResourceNotFoundException"
