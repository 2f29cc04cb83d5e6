"""Alarms: they look at each minute, and tell of each change of their state once."""

import math

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.engine import health
from tests.engine_harness import ACCOUNT, CALLER, HOUR, REGION, EngineDied
from tests.services.cloudwatch.cloudwatch_harness import MINUTE, QUIET, CloudWatchHarness


def test_a_value_beyond_the_threshold_is_told_once_and_so_is_the_way_back(harness: CloudWatchHarness) -> None:
    harness.alarm(OKActions=[harness.topic], TreatMissingData="notBreaching")
    assert harness.state() == "OK"
    harness.told()
    harness.value(30)
    harness.value(12)
    harness.minutes(1)
    assert harness.state() == "ALARM"
    (envelope,) = harness.told()
    assert envelope["Subject"] == 'ALARM: "alarm" in US East (N. Virginia)'
    message = loads(envelope["Message"])
    assert message["NewStateValue"] == "ALARM"
    assert message["OldStateValue"] == "OK"
    assert message["NewStateReason"] == (
        "Threshold Crossed: 1 out of the last 1 datapoints [21.0 (01/01/26 00:00:00)] was greater than the threshold "
        "(10.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    assert message["Trigger"]["Statistic"] == "AVERAGE"
    assert message["StateChangeTime"] == "2026-01-01T00:01:00.000+0000"
    harness.value(40)
    harness.minutes(1)
    assert harness.told() == []
    harness.minutes(3)
    (envelope,) = harness.told()
    assert loads(envelope["Message"])["NewStateValue"] == "OK"


def test_people_who_read_mail_get_a_text(harness: CloudWatchHarness) -> None:
    harness.alarm(AlarmDescription="The batch is slow.")
    harness.value(30)
    harness.minutes(1)
    ((subject, text),) = harness.mails()
    assert subject == 'ALARM: "alarm" in US East (N. Virginia)'
    assert text.startswith("The batch is slow.")
    assert "State:     INSUFFICIENT_DATA -> ALARM" in text


def test_a_change_is_an_event_and_history(harness: CloudWatchHarness) -> None:
    harness.alarm()
    harness.value(30)
    harness.minutes(1)
    put, event = harness.heard("aws.cloudwatch")
    assert put.detail_type == "CloudWatch Alarm Configuration Change"
    assert put.detail["operation"] == "create"
    assert event.detail_type == "CloudWatch Alarm State Change"
    assert event.detail["alarmName"] == "alarm"
    assert event.detail["state"]["value"] == "ALARM"
    assert event.detail["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert event.detail["configuration"]["metrics"][0]["metricStat"]["metric"]["name"] == "m"
    items = harness.cloudwatch("DescribeAlarmHistory", AlarmName="alarm", ScanBy="TimestampAscending")[
        "AlarmHistoryItems"
    ]
    assert [item["HistorySummary"] for item in items] == [
        'Alarm "alarm" created',
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        f"Successfully executed action {harness.topic}",
    ]


def test_an_alarm_whose_actions_are_off_tells_nobody(harness: CloudWatchHarness) -> None:
    harness.alarm()
    harness.cloudwatch("DisableAlarmActions", AlarmNames=["alarm"])
    harness.value(30)
    harness.minutes(1)
    assert harness.state() == "ALARM"
    assert harness.told() == []
    harness.cloudwatch("EnableAlarmActions", AlarmNames=["alarm"])
    harness.minutes(5)
    assert harness.told() == []


def test_a_state_that_is_set_holds_until_the_next_look(harness: CloudWatchHarness) -> None:
    harness.alarm(TreatMissingData="notBreaching")
    harness.cloudwatch("SetAlarmState", AlarmName="alarm", StateValue="ALARM", StateReason="a drill")
    harness.settle()
    assert loads(harness.told()[0]["Message"])["NewStateReason"] == "a drill"
    harness.minutes(1)
    assert harness.state() == "OK"


def test_an_alarm_that_is_put_again_keeps_its_state_and_its_tags(harness: CloudWatchHarness) -> None:
    harness.alarm(Tags=[{"Key": "a", "Value": "b"}])
    harness.value(30)
    harness.minutes(1)
    harness.alarm(Threshold=20.0, TreatMissingData="ignore", Tags=[])
    assert harness.described()["Threshold"] == 20.0
    assert harness.state() == "ALARM"
    arn = harness.described()["AlarmArn"]
    assert harness.cloudwatch("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]


def test_an_alarm_that_is_deleted_looks_no_more(harness: CloudWatchHarness) -> None:
    harness.alarm()
    harness.cloudwatch("DeleteAlarms", AlarmNames=["alarm"])
    harness.value(30)
    harness.minutes(2)
    assert harness.told() == []
    assert harness.rows("SELECT count(*) FROM timers WHERE service = 'monitoring'") == [(0,)]
    with pytest.raises(AwsError):
        harness.cloudwatch("DeleteAlarms", AlarmNames=["alarm"])


def test_one_of_three_periods_is_not_yet_two_of_three(harness: CloudWatchHarness) -> None:
    harness.alarm(EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData="notBreaching")
    harness.value(30)
    harness.minutes(1)
    assert harness.state() == "OK"
    harness.value(5)
    harness.minutes(1)
    harness.value(30)
    harness.minutes(1)
    assert harness.state() == "ALARM"


def test_an_alarm_that_warms_up_holds_its_peace(harness: CloudWatchHarness) -> None:
    harness.alarm(TreatMissingData="breaching", WarmUpConfiguration={"WarmUpPeriodDurationInMinutes": 10})
    harness.minutes(9)
    assert harness.state() == "INSUFFICIENT_DATA"
    harness.minutes(1)
    assert harness.state() == "ALARM"


def test_a_warm_up_ends_with_enough_data_unless_it_is_to_last(harness: CloudWatchHarness) -> None:
    harness.alarm("early", WarmUpConfiguration={"WarmUpPeriodDurationInMinutes": 10})
    only = {"WarmUpPeriodDurationInMinutes": 10, "OnlyStartEvaluatingAfterWarmUpPeriodEnds": True}
    harness.alarm("late", WarmUpConfiguration=only)
    harness.value(30)
    harness.minutes(1)
    assert (harness.state("early"), harness.state("late")) == ("ALARM", "INSUFFICIENT_DATA")


def test_runs_that_begin_are_counted_where_they_are(harness: CloudWatchHarness) -> None:
    harness.alarm(**_quiet(TreatMissingData="breaching"))
    assert harness.state() == "ALARM"
    harness.run_machine({"Type": "Pass"})
    harness.minutes(1)
    assert harness.state() == "OK"
    harness.minutes(12)
    assert harness.state() == "ALARM"


def _quiet(**more: Json) -> Json:
    """No run of `machine` in ten minutes."""
    return {
        "Namespace": "AWS/States",
        "MetricName": "ExecutionsStarted",
        "Dimensions": [{"Name": "StateMachineArn", "Value": QUIET}],
        "Statistic": "Sum",
        "EvaluationPeriods": 10,
        "Threshold": 1.0,
        "ComparisonOperator": "LessThanThreshold",
    } | more


def test_messages_that_wait_in_a_queue_are_looked_at_each_minute(harness: CloudWatchHarness) -> None:
    url = harness.call("sqs", "CreateQueue", QueueName="dead")["QueueUrl"]
    harness.alarm(
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "dead"}],
        Statistic="Maximum",
        Period=300,
        Threshold=0.0,
        TreatMissingData="notBreaching",
    )
    assert harness.state() == "OK"
    harness.call("sqs", "SendMessage", QueueUrl=url, MessageBody="x")
    harness.minutes(1)
    assert harness.state() == "ALARM"
    harness.call("sqs", "PurgeQueue", QueueUrl=url)
    harness.minutes(4)
    assert harness.state() == "ALARM"
    harness.minutes(3)
    assert harness.state() == "OK"
    assert len(harness.told()) == 1


def test_messages_that_are_sent_to_a_queue_are_counted_so_that_an_alarm_rings_for_each(
    harness: CloudWatchHarness,
) -> None:
    url = harness.call("sqs", "CreateQueue", QueueName="dead")["QueueUrl"]
    harness.alarm(
        Namespace="AWS/SQS",
        MetricName="NumberOfMessagesSent",
        Dimensions=[{"Name": "QueueName", "Value": "dead"}],
        Statistic="Sum",
        EvaluationPeriods=3,
        DatapointsToAlarm=1,
        Threshold=0.0,
        TreatMissingData="notBreaching",
    )
    for number in (1, 2):
        entries = [{"Id": str(each), "MessageBody": "x"} for each in range(number)]
        harness.call("sqs", "SendMessageBatch", QueueUrl=url, Entries=entries)
        harness.minutes(1)
        assert harness.state() == "ALARM"
        harness.minutes(6)
        assert harness.state() == "OK"
    messages = [loads(told["Message"]) for told in harness.told()]
    assert [told["Trigger"]["MetricName"] for told in messages] == ["NumberOfMessagesSent"] * 2
    points = harness.cloudwatch(
        "GetMetricStatistics",
        Namespace="AWS/SQS",
        MetricName="NumberOfMessagesSent",
        Dimensions=[{"Name": "QueueName", "Value": "dead"}],
        StartTime=(harness.clock.now() - HOUR) / 1000,
        EndTime=harness.clock.now() / 1000,
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    assert sorted(point["Sum"] for point in points) == [1.0, 2.0]


def test_messages_of_a_dead_letter_queue_that_a_redrive_policy_brings_are_not_sent(harness: CloudWatchHarness) -> None:
    dead = harness.call("sqs", "CreateQueue", QueueName="dead")["QueueUrl"]
    policy = dumps({"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead", "maxReceiveCount": 1})
    url = harness.call("sqs", "CreateQueue", QueueName="q", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    harness.call("sqs", "SendMessage", QueueUrl=url, MessageBody="x")
    for _ in range(2):
        harness.call("sqs", "ReceiveMessage", QueueUrl=url, VisibilityTimeout=0)
        harness.advance(1)
    assert harness.call("sqs", "ReceiveMessage", QueueUrl=dead)["Messages"]
    assert harness.rows("SELECT queue, number FROM sqs_sent_counts") == [("q", 1)]


def test_an_engine_that_was_off_looks_at_how_things_are_now(harness: CloudWatchHarness) -> None:
    harness.alarm(TreatMissingData="breaching", OKActions=[harness.topic])
    assert harness.state() == "ALARM"
    harness.told()
    harness.down()
    harness.clock.advance(5 * HOUR + 20_000)
    harness.up()
    harness.value(1)
    assert harness.state() == "ALARM"
    harness.advance(40_000)
    assert harness.state() == "OK"
    assert len(harness.told()) == 1


def test_an_engine_that_is_killed_anywhere_loses_no_notification_and_doubles_none(harness: CloudWatchHarness) -> None:
    harness.alarm()
    harness.minutes(1)
    harness.told()
    deaths = 0
    for commit in range(1, 5):
        for before in (True, False):
            harness.cloudwatch("SetAlarmState", AlarmName="alarm", StateValue="OK", StateReason="again")
            harness.told()
            harness.value(30)
            harness.die_at(commit, before=before)
            try:
                harness.minutes(1)
            except EngineDied:
                deaths += 1
                harness.up()
                harness.minutes(1)
            harness.disk.death = None
            messages = [loads(each["Message"])["NewStateValue"] for each in harness.told()]
            assert messages == ["ALARM"], (commit, before)
    assert deaths >= 4


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_clock_that_is_set_delays_no_look(harness: CloudWatchHarness, hours: int) -> None:
    harness.alarm(TreatMissingData="notBreaching")
    harness.clock.jump(hours * HOUR)
    harness.minutes(1)
    harness.value(30)
    harness.minutes(1)
    assert harness.state() == "ALARM"


def test_a_state_machine_puts_values_as_it_calls_any_service(harness: CloudWatchHarness) -> None:
    datum = {"MetricName": "m", "Value": 30}
    harness.alarm()
    run = harness.run_machine(
        {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:cloudwatch:putMetricData",
            "Parameters": {"Namespace": "app", "MetricData": [datum]},
        }
    )
    assert harness.status(run) == "SUCCEEDED"
    harness.minutes(1)
    assert harness.state() == "ALARM"


def test_what_cannot_be_read_stands_still_alone(harness: CloudWatchHarness) -> None:
    harness.alarm("bad")
    harness.alarm("good")
    harness.crash()
    harness.damage("UPDATE alarms SET body = '{' WHERE name = 'bad'")
    harness.up()
    harness.value(30)
    harness.minutes(1)
    assert [each["AlarmName"] for each in harness.cloudwatch("DescribeAlarms")["MetricAlarms"]] == ["good"]
    assert harness.state("good") == "ALARM"
    harness.alarm("bad")
    assert harness.state("bad") == "ALARM"


def test_an_action_of_an_alarm_that_cannot_be_read_any_more_is_delivered_once(harness: CloudWatchHarness) -> None:
    harness.people()
    harness.alarm()
    harness.die_at(2, before=True)  # the first commit stores the state and the action, the second the outcome
    with pytest.raises(EngineDied):
        harness.cloudwatch("SetAlarmState", AlarmName="alarm", StateValue="ALARM", StateReason="a test")
    harness.damage("UPDATE alarms SET body = '{'")
    harness.up()
    harness.minutes(1)
    assert [subject for subject, _ in harness.mails()] == ['ALARM: "alarm" in US East (N. Virginia)']
    assert harness.rows("SELECT count(*) FROM outbox WHERE service = 'monitoring'") == [(0,)]
    assert harness.rows("SELECT count(*) FROM alarm_history WHERE type = 'Action'") == [(0,)]


def test_the_health_names_what_cannot_be_read_until_it_is_put_anew(harness: CloudWatchHarness) -> None:
    for name in ("a", "b"):
        harness.alarm(name)
    harness.crash()
    harness.damage("UPDATE alarms SET body = '7'")
    harness.up()
    (condition,) = health.read_health(harness.engine).conditions
    assert condition.name == "alarms-damaged"
    assert condition.reason.startswith(
        "2 alarms cannot be read and will send no notifications (arn:aws:cloudwatch:us-east-1:"
    )
    for name in ("a", "b"):
        harness.alarm(name)
    assert health.read_health(harness.engine).status == "ok"


def test_what_cannot_be_read_can_be_deleted(harness: CloudWatchHarness) -> None:
    harness.alarm("bad")
    harness.crash()
    harness.damage("UPDATE alarms SET body = '{' WHERE name = 'bad'")
    harness.up()
    harness.cloudwatch("DeleteAlarms", AlarmNames=["bad"])
    assert harness.rows("SELECT count(*) FROM alarms") == [(0,)]


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"Period": 61}, "multiple of 60"),
        ({"Period": 3600, "EvaluationPeriods": 200}, "604800"),
        ({"Period": 60, "EvaluationPeriods": 1441}, "86400"),
        ({"DatapointsToAlarm": 2}, "less than or equal"),
        ({"TreatMissingData": "maybe"}, "notBreaching"),
        ({"AlarmActions": ["x"]}, "Invalid arn"),
        ({"ExtendedStatistic": "p99"}, "Only one"),
        ({"Threshold": math.nan}, "Threshold"),
        ({"Threshold": -math.inf}, "Threshold"),
    ],
)
def test_what_no_alarm_can_be_is_refused(harness: CloudWatchHarness, settings: Json, word: str) -> None:
    with pytest.raises(AwsError, match=word):
        harness.alarm(**settings)


@pytest.mark.parametrize(
    "name", ["MetricName", "Namespace", "Period", "Threshold", "ComparisonOperator", "EvaluationPeriods", "Statistic"]
)
def test_what_an_alarm_needs_is_asked_for_by_name(harness: CloudWatchHarness, name: str) -> None:
    whole = {"Namespace": "a", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    whole |= {"Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    with pytest.raises(AwsError, match=name):
        harness.cloudwatch("PutMetricAlarm", AlarmName="a", **{each: whole[each] for each in whole if each != name})


def test_an_engine_without_alarms_does_not_load_the_service(harness: CloudWatchHarness) -> None:
    assert "service" not in harness.engine.services["monitoring"].__dict__
    harness.minutes(3)
    assert "service" not in harness.engine.services["monitoring"].__dict__


def test_an_alarm_on_one_metric_of_a_list_is_an_alarm_on_that_metric(harness: CloudWatchHarness) -> None:
    stat = {"Metric": {"Namespace": "app", "MetricName": "m"}, "Period": 60, "Stat": "p90"}
    given: Json = {"EvaluationPeriods": 1, "Threshold": 10.0, "ComparisonOperator": "GreaterThanThreshold"}
    harness.cloudwatch("PutMetricAlarm", AlarmName="alarm", Metrics=[{"Id": "m1", "MetricStat": stat}], **given)
    for value in (1, 1, 1, 1, 1, 1, 1, 1, 20, 20):
        harness.value(value)
    harness.minutes(1)
    assert harness.state() == "ALARM"
    found = harness.cloudwatch("DescribeAlarmsForMetric", Namespace="app", MetricName="m")["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in found] == ["alarm"]


def test_an_alarm_on_metric_math_is_kept_and_says_that_it_is_not_judged(harness: CloudWatchHarness) -> None:
    math: Json = [{"Id": "e1", "Expression": "m1 * 2"}, {"Id": "m1", "ReturnData": False}]
    given: Json = {"EvaluationPeriods": 1, "Threshold": 10.0, "ComparisonOperator": "GreaterThanThreshold"}
    harness.cloudwatch("PutMetricAlarm", AlarmName="alarm", Metrics=math, AlarmActions=[harness.topic], **given)
    harness.minutes(3)
    assert harness.state() == "INSUFFICIENT_DATA"
    assert "does not evaluate" in harness.described()["StateReason"]
    harness.cloudwatch("SetAlarmState", AlarmName="alarm", StateValue="ALARM", StateReason="a drill")
    harness.settle()
    assert loads(harness.told()[0]["Message"])["Trigger"] == {"Metrics": math}


def test_lists_are_turned_over_by_pages(harness: CloudWatchHarness) -> None:
    for number in range(5):
        harness.alarm(f"a{number}")
    first = harness.cloudwatch("DescribeAlarms", MaxRecords=3)
    second = harness.cloudwatch("DescribeAlarms", MaxRecords=3, NextToken=first["NextToken"])
    names = [alarm["AlarmName"] for page in (first, second) for alarm in page["MetricAlarms"]]
    assert names == [f"a{number}" for number in range(5)]
    assert "NextToken" not in second
    assert CALLER.region in first["MetricAlarms"][0]["AlarmArn"]
    assert harness.clock.now() % MINUTE == 0
