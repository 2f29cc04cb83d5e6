"""Evaluate metric alarms each minute and report each change of state once."""

import math
import re

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.services.cloudwatch.alarms.alarm_timers import FIRST_EVALUATION_WAIT
from tests.engine_harness import ACCOUNT, CALLER, HOUR, REGION, EngineDied
from tests.services.cloudwatch.cloudwatch_harness import MACHINE_ARN, MINUTE, CloudWatchHarness


def test_crossing_the_threshold_and_returning_each_send_one_notification(harness: CloudWatchHarness) -> None:
    harness.put_evaluated_alarm(OKActions=[harness.topic], TreatMissingData="notBreaching")
    assert harness.state() == "OK"
    harness.receive_notifications()
    harness.put_value(30)
    harness.put_value(12)
    harness.advance_minutes(1)
    assert harness.state() == "ALARM"
    (envelope,) = harness.receive_notifications()
    assert envelope["Subject"] == 'ALARM: "alarm" in US East (N. Virginia)'
    message = loads(envelope["Message"])
    assert message["NewStateValue"] == "ALARM"
    assert message["OldStateValue"] == "OK"
    assert message["NewStateReason"] == (
        "Threshold Crossed: 1 datapoint [21.0 (01/01/26 00:00:00)] was greater than the threshold (10.0)."
    )
    assert message["Trigger"]["Statistic"] == "AVERAGE"
    assert message["StateChangeTime"] == "2026-01-01T00:01:03.000+0000"
    harness.put_value(40)
    harness.advance_minutes(1)
    assert harness.receive_notifications() == []
    harness.advance_minutes(3)
    (envelope,) = harness.receive_notifications()
    assert loads(envelope["Message"])["NewStateValue"] == "OK"


def test_a_mail_subscriber_receives_the_alarm_as_text(harness: CloudWatchHarness) -> None:
    harness.put_alarm(AlarmDescription="The batch is slow.")
    harness.put_value(30)
    harness.advance_minutes(1)
    ((subject, text),) = harness.mails()
    assert subject == 'ALARM: "alarm" in US East (N. Virginia)'
    assert text.startswith("The batch is slow.")
    assert "State:     INSUFFICIENT_DATA -> ALARM" in text


def test_a_state_change_is_published_as_an_event(harness: CloudWatchHarness) -> None:
    harness.put_alarm()
    harness.put_value(30)
    harness.advance_minutes(1)
    put, event = harness.published_events("aws.cloudwatch")
    assert put.detail_type == "CloudWatch Alarm Configuration Change"
    assert put.detail["operation"] == "create"
    assert event.detail_type == "CloudWatch Alarm State Change"
    assert event.detail["alarmName"] == "alarm"
    assert event.detail["state"]["value"] == "ALARM"
    assert event.detail["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert event.detail["configuration"]["metrics"][0]["metricStat"]["metric"]["name"] == "m"


def test_an_alarm_with_disabled_actions_sends_no_notification(harness: CloudWatchHarness) -> None:
    harness.put_alarm()
    harness.cloudwatch("DisableAlarmActions", AlarmNames=["alarm"])
    harness.put_value(30)
    harness.advance_minutes(1)
    assert harness.state() == "ALARM"
    assert harness.receive_notifications() == []
    harness.cloudwatch("EnableAlarmActions", AlarmNames=["alarm"])
    harness.advance_minutes(5)
    assert harness.receive_notifications() == []


def test_a_state_that_was_set_lasts_until_the_next_evaluation(harness: CloudWatchHarness) -> None:
    harness.put_alarm(TreatMissingData="notBreaching")
    harness.cloudwatch("SetAlarmState", AlarmName="alarm", StateValue="ALARM", StateReason="a drill")
    harness.settle()
    assert loads(harness.receive_notifications()[0]["Message"])["NewStateReason"] == "a drill"
    harness.advance_minutes(1)
    assert harness.state() == "OK"


def test_replacing_an_alarm_keeps_its_state_and_its_tags(harness: CloudWatchHarness) -> None:
    harness.put_alarm(Tags=[{"Key": "a", "Value": "b"}])
    harness.put_value(30)
    harness.advance_minutes(1)
    harness.put_alarm(Threshold=20.0, TreatMissingData="ignore", Tags=[])
    assert harness.describe_alarm()["Threshold"] == 20.0
    assert harness.state() == "ALARM"
    arn = harness.describe_alarm()["AlarmArn"]
    assert harness.cloudwatch("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]


def test_a_deleted_alarm_is_no_longer_evaluated(harness: CloudWatchHarness) -> None:
    harness.put_alarm()
    harness.cloudwatch("DeleteAlarms", AlarmNames=["alarm"])
    harness.put_value(30)
    harness.advance_minutes(2)
    assert harness.receive_notifications() == []
    assert harness.rows("SELECT count(*) FROM timers WHERE service = 'monitoring'") == [(0,)]
    with pytest.raises(AwsError):
        harness.cloudwatch("DeleteAlarms", AlarmNames=["alarm"])


def test_an_alarm_fires_only_with_enough_breaching_data_points(harness: CloudWatchHarness) -> None:
    harness.put_alarm(EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData="notBreaching")
    harness.put_value(30)
    harness.advance_minutes(1)
    assert harness.state() == "OK"
    harness.put_value(5)
    harness.advance_minutes(1)
    harness.put_value(30)
    harness.advance_minutes(1)
    assert harness.state() == "ALARM"


def test_an_alarm_is_not_evaluated_during_its_warm_up_period(harness: CloudWatchHarness) -> None:
    harness.put_alarm(TreatMissingData="breaching", WarmUpConfiguration={"WarmUpPeriodDurationInMinutes": 10})
    harness.advance_minutes(9)
    assert harness.state() == "INSUFFICIENT_DATA"
    harness.advance_minutes(1)
    assert harness.state() == "ALARM"


def test_a_warm_up_ends_early_with_enough_data_unless_its_setting_forbids_it(harness: CloudWatchHarness) -> None:
    harness.put_alarm("early", WarmUpConfiguration={"WarmUpPeriodDurationInMinutes": 10})
    only_after_warm_up = {"WarmUpPeriodDurationInMinutes": 10, "OnlyStartEvaluatingAfterWarmUpPeriodEnds": True}
    harness.put_alarm("late", WarmUpConfiguration=only_after_warm_up)
    harness.put_value(30)
    harness.advance_minutes(1)
    assert (harness.state("early"), harness.state("late")) == ("ALARM", "INSUFFICIENT_DATA")


def test_an_alarm_can_watch_the_number_of_started_executions(harness: CloudWatchHarness) -> None:
    harness.put_evaluated_alarm(**_no_executions_alarm(TreatMissingData="breaching"))
    assert harness.state() == "ALARM"
    harness.run_machine({"Type": "Pass"})
    harness.advance_minutes(1)
    assert harness.state() == "OK"
    harness.advance_minutes(12)
    assert harness.state() == "ALARM"


def _no_executions_alarm(**more: Json) -> Json:
    """Return the settings of an alarm that fires if no execution of `machine` starts for ten minutes."""
    return {
        "Namespace": "AWS/States",
        "MetricName": "ExecutionsStarted",
        "Dimensions": [{"Name": "StateMachineArn", "Value": MACHINE_ARN}],
        "Statistic": "Sum",
        "EvaluationPeriods": 10,
        "Threshold": 1.0,
        "ComparisonOperator": "LessThanThreshold",
    } | more


def test_an_alarm_on_waiting_messages_checks_the_queue_each_minute(harness: CloudWatchHarness) -> None:
    url = harness.call("sqs", "CreateQueue", QueueName="dead")["QueueUrl"]
    harness.put_evaluated_alarm(
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
    harness.advance_minutes(1)
    assert harness.state() == "ALARM"
    harness.call("sqs", "PurgeQueue", QueueUrl=url)
    harness.advance_minutes(4)
    assert harness.state() == "ALARM"
    harness.advance_minutes(3)
    assert harness.state() == "OK"
    assert len(harness.receive_notifications()) == 1


def test_an_alarm_on_messages_sent_to_a_queue_fires_for_each_send(
    harness: CloudWatchHarness,
) -> None:
    url = harness.call("sqs", "CreateQueue", QueueName="dead")["QueueUrl"]
    harness.put_alarm(
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
        harness.advance_minutes(1)
        assert harness.state() == "ALARM"
        harness.advance_minutes(6)
        assert harness.state() == "OK"
    messages = [loads(notification["Message"]) for notification in harness.receive_notifications()]
    assert [notification["Trigger"]["MetricName"] for notification in messages] == ["NumberOfMessagesSent"] * 2
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


def test_messages_that_a_redrive_policy_moves_are_not_counted_as_sent(harness: CloudWatchHarness) -> None:
    dead = harness.call("sqs", "CreateQueue", QueueName="dead")["QueueUrl"]
    policy = dumps({"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead", "maxReceiveCount": 1})
    url = harness.call("sqs", "CreateQueue", QueueName="q", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    harness.call("sqs", "SendMessage", QueueUrl=url, MessageBody="x")
    for _ in range(2):
        harness.call("sqs", "ReceiveMessage", QueueUrl=url, VisibilityTimeout=0)
        harness.advance(1)
    assert harness.call("sqs", "ReceiveMessage", QueueUrl=dead)["Messages"]
    assert harness.rows("SELECT queue, sent FROM sqs_message_counts WHERE sent") == [("q", 1)]


def test_after_downtime_an_alarm_is_evaluated_with_current_data(harness: CloudWatchHarness) -> None:
    harness.put_evaluated_alarm(TreatMissingData="breaching", OKActions=[harness.topic])
    assert harness.state() == "ALARM"
    harness.receive_notifications()
    harness.down()
    harness.clock.advance(5 * HOUR + 20_000)
    harness.up()
    harness.put_value(1)
    assert harness.state() == "ALARM"
    harness.advance(40_000)
    assert harness.state() == "OK"
    assert len(harness.receive_notifications()) == 1


def test_a_crash_at_any_commit_neither_loses_nor_repeats_a_notification(harness: CloudWatchHarness) -> None:
    harness.put_alarm()
    harness.advance_minutes(1)
    harness.receive_notifications()
    deaths = 0
    for commit in range(1, 5):
        for before in (True, False):
            harness.cloudwatch("SetAlarmState", AlarmName="alarm", StateValue="OK", StateReason="again")
            harness.receive_notifications()
            harness.put_value(30)
            harness.die_at(commit, before=before)
            try:
                harness.advance_minutes(1)
            except EngineDied:
                deaths += 1
                harness.up()
                harness.advance_minutes(1)
            harness.disk.death = None
            messages = [loads(each["Message"])["NewStateValue"] for each in harness.receive_notifications()]
            assert messages == ["ALARM"], (commit, before)
    assert deaths >= 4


@pytest.mark.parametrize("hours", [-5, 5])
def test_setting_the_clock_delays_no_evaluation(harness: CloudWatchHarness, hours: int) -> None:
    harness.put_alarm(TreatMissingData="notBreaching")
    harness.clock.jump(hours * HOUR)
    harness.advance_minutes(1)
    harness.put_value(30)
    harness.advance_minutes(1)
    assert harness.state() == "ALARM"


def test_a_state_machine_can_put_metric_data(harness: CloudWatchHarness) -> None:
    datum = {"MetricName": "m", "Value": 30}
    harness.put_alarm()
    run = harness.run_machine(
        {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:cloudwatch:putMetricData",
            "Parameters": {"Namespace": "app", "MetricData": [datum]},
        }
    )
    assert harness.status(run) == "SUCCEEDED"
    harness.advance_minutes(1)
    assert harness.state() == "ALARM"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"Period": 61}, "multiple of 60"),
        ({"Period": 3600, "EvaluationPeriods": 200}, "604800"),
        ({"Period": 60, "EvaluationPeriods": 1441}, "86400"),
        ({"DatapointsToAlarm": 2}, "less than or equal"),
        ({"TreatMissingData": "maybe"}, "notBreaching"),
        ({"AlarmActions": ["x"]}, "Invalid arn"),
        ({"ExtendedStatistic": "p99"}, "Exactly one"),
        ({"Threshold": math.nan}, "Threshold"),
        ({"Threshold": -math.inf}, "Threshold"),
    ],
)
def test_an_alarm_with_invalid_settings_is_refused(harness: CloudWatchHarness, settings: Json, message: str) -> None:
    with pytest.raises(AwsError, match=message):
        harness.put_alarm(**settings)


@pytest.mark.parametrize(
    "name", ["MetricName", "Namespace", "Period", "Threshold", "ComparisonOperator", "EvaluationPeriods", "Statistic"]
)
def test_the_error_names_a_missing_required_setting(harness: CloudWatchHarness, name: str) -> None:
    complete = {"Namespace": "a", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    complete |= {"Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    with pytest.raises(AwsError, match=name):
        harness.cloudwatch(
            "PutMetricAlarm", AlarmName="a", **{each: complete[each] for each in complete if each != name}
        )


def test_an_engine_without_alarms_does_not_load_the_service(harness: CloudWatchHarness) -> None:
    assert "service" not in harness.engine.services["monitoring"].__dict__
    harness.advance_minutes(3)
    assert "service" not in harness.engine.services["monitoring"].__dict__


def test_an_alarm_on_a_list_with_one_metric_is_an_alarm_on_that_metric(harness: CloudWatchHarness) -> None:
    stat = {"Metric": {"Namespace": "app", "MetricName": "m"}, "Period": 60, "Stat": "p90"}
    given: Json = {"EvaluationPeriods": 1, "Threshold": 10.0, "ComparisonOperator": "GreaterThanThreshold"}
    metrics: Json = [{"Id": "m1", "MetricStat": stat}]
    harness.cloudwatch("PutMetricAlarm", AlarmName="alarm", Metrics=metrics, AlarmActions=[harness.topic], **given)
    for value in (1, 1, 1, 1, 1, 1, 1, 1, 20, 20):
        harness.put_value(value)
    harness.advance_minutes(1)
    assert harness.state() == "ALARM"
    assert "Metric:    app m\n" in harness.mails()[0][1]


def metric_query(name: str, **more: Json) -> Json:
    """Return a query for the sum of a metric of `app`, whose data is not returned."""
    stat = {"Metric": {"Namespace": "app", "MetricName": name}, "Period": 60, "Stat": "Sum"}
    return {"Id": name, "MetricStat": stat, "ReturnData": False, **more}


def test_an_alarm_on_an_anomaly_band_is_stored_and_reports_that_it_is_not_evaluated(harness: CloudWatchHarness) -> None:
    band: Json = [metric_query("m", ReturnData=True), {"Id": "b", "Expression": "ANOMALY_DETECTION_BAND(m, 2)"}]
    given: Json = {"EvaluationPeriods": 1, "ThresholdMetricId": "b", "ComparisonOperator": "GreaterThanUpperThreshold"}
    harness.cloudwatch("PutMetricAlarm", AlarmName="alarm", Metrics=band, AlarmActions=[harness.topic], **given)
    harness.advance_minutes(3)
    assert harness.state() == "INSUFFICIENT_DATA"
    assert "does not evaluate" in harness.describe_alarm()["StateReason"]
    harness.cloudwatch("SetAlarmState", AlarmName="alarm", StateValue="ALARM", StateReason="a drill")
    harness.settle()
    trigger = loads(harness.receive_notifications()[0]["Message"])["Trigger"]
    assert (trigger["ThresholdMetricId"], trigger["Metrics"][1]["Id"]) == ("b", "b")


def test_an_alarm_on_metric_math_evaluates_its_expression(harness: CloudWatchHarness) -> None:
    queries: Json = [
        {"Id": "share", "Expression": "100 * m / (m + FILL(n, 0))", "Label": "share"},
        metric_query("m"),
        metric_query("n"),
    ]
    given: Json = {"EvaluationPeriods": 1, "Threshold": 50, "ComparisonOperator": "GreaterThanThreshold"}
    harness.cloudwatch("PutMetricAlarm", AlarmName="alarm", Metrics=queries, AlarmActions=[harness.topic], **given)
    for name, value in (("m", 1), ("n", 3)):
        harness.cloudwatch("PutMetricData", Namespace="app", MetricData=[{"MetricName": name, "Value": value}])
    harness.advance_minutes(1)
    assert harness.state() == "OK"
    harness.put_value(9)
    harness.advance_minutes(1)
    found = harness.describe_alarm()
    assert found["StateReason"] == (
        "Threshold Crossed: 1 datapoint [100.0 (01/01/26 00:01:00)] was greater than the threshold (50.0)."
    )
    data = loads(found["StateReasonData"])
    assert data["evaluatedDatapoints"] == [{"timestamp": "2026-01-01T00:01:00.000+0000", "value": 100.0}]
    trigger = loads(harness.receive_notifications()[-1]["Message"])["Trigger"]
    assert trigger["Metrics"][0] == {**queries[0], "ReturnData": True}
    assert trigger["Period"] == 60


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        ([metric_query("m")], "Exactly one element of the metrics list should return data."),
        ([{"Id": "e", "Expression": "m +"}, metric_query("m")], "Error in expression 'e': Expected a value"),
        ([{"Id": "e", "Expression": "x"}, metric_query("m")], "Error in expression 'e': Unknown id: x"),
        ([{"Id": "e", "Expression": "e + 1"}], "depend on each other"),
        ([{"Id": "E", "Expression": "1"}], "expected pattern"),
        ([], "must not be empty"),
    ],
)
def test_an_invalid_list_of_metrics_is_refused(harness: CloudWatchHarness, queries: Json, message: str) -> None:
    given: Json = {"EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"}
    with pytest.raises(AwsError, match=message) as caught:
        harness.cloudwatch("PutMetricAlarm", AlarmName="alarm", Metrics=queries, **given)
    assert caught.value.code == "ValidationError"


def test_an_alarm_on_promql_names_no_metric(harness: CloudWatchHarness) -> None:
    criteria: Json = {"PromQLCriteria": {"Query": "up"}}
    with pytest.raises(AwsError, match="MetricName should not be set if EvaluationCriteria is set"):
        harness.cloudwatch("PutMetricAlarm", AlarmName="alarm", MetricName="m", EvaluationCriteria=criteria)
    harness.cloudwatch("PutMetricAlarm", AlarmName="alarm", EvaluationCriteria=criteria, AlarmActions=[harness.topic])
    harness.cloudwatch("SetAlarmState", AlarmName="alarm", StateValue="ALARM", StateReason="a drill")
    harness.settle()
    assert loads(harness.receive_notifications()[0]["Message"])["Trigger"]["Metrics"] == []
    assert harness.published_events("aws.cloudwatch")[-1].detail["configuration"] == {}


def test_whoever_puts_an_alarm_sees_its_first_state(harness: CloudWatchHarness) -> None:
    """Recorded: the alarm is described before it is evaluated."""
    harness.put_alarm(TreatMissingData="breaching")
    found = harness.describe_alarm()
    assert (found["StateValue"], found["StateReason"]) == ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")
    harness.advance(FIRST_EVALUATION_WAIT)
    assert harness.state() == "ALARM"


def test_the_data_of_a_reason_name_a_period_without_data(harness: CloudWatchHarness) -> None:
    harness.put_evaluated_alarm(TreatMissingData="breaching")
    data = loads(harness.describe_alarm()["StateReasonData"])
    assert data["evaluatedDatapoints"] == [{"timestamp": "2025-12-31T23:59:00.000+0000"}]


def test_the_log_names_an_action_that_failed_and_its_alarm(
    harness: CloudWatchHarness, caplog: pytest.LogCaptureFixture
) -> None:
    missing, other = f"{harness.topic}-of-before", f"arn:aws:swf:{REGION}:{ACCOUNT}:action/actions/x"
    harness.put_evaluated_alarm(TreatMissingData="breaching", AlarmActions=[missing, other])
    unsupported, failed = [each.message for each in caplog.records if each.levelname == "WARNING"]
    assert re.fullmatch(
        f"delivery {harness.describe_alarm()['AlarmArn']}/{missing}/[^/]+ is dropped after 1 attempts: "
        "NotFound: Topic does not exist",
        failed,
    )
    assert unsupported == f"alarm alarm has the action {other}, which this engine does not support"


def test_a_state_that_was_set_lasts_for_a_minute_at_least(harness: CloudWatchHarness) -> None:
    harness.put_alarm(TreatMissingData="notBreaching", Period=10)
    harness.advance(5_000)
    harness.cloudwatch("SetAlarmState", AlarmName="alarm", StateValue="ALARM", StateReason="a drill")
    harness.advance(59_000)
    assert harness.state() == "ALARM"
    harness.advance(60_000)
    assert harness.state() == "OK"


def test_an_alarm_with_a_short_period_sees_values_of_standard_resolution(harness: CloudWatchHarness) -> None:
    harness.put_alarm(Period=10, TreatMissingData="ignore")
    harness.advance(42_000)
    harness.put_value(21)
    harness.put_value(22)
    harness.advance(10_000)
    found = harness.describe_alarm()
    assert found["StateReason"].startswith("Threshold Crossed: 1 datapoint [21.5 ")
    assert loads(found["StateReasonData"])["evaluatedDatapoints"][0] == {
        "timestamp": "2026-01-01T00:00:00.000+0000",
        "sampleCount": 2.0,
        "value": 21.5,
    }


def test_alarms_are_listed_in_pages(harness: CloudWatchHarness) -> None:
    for number in range(5):
        harness.put_alarm(f"a{number}")
    first = harness.cloudwatch("DescribeAlarms", MaxRecords=3)
    second = harness.cloudwatch("DescribeAlarms", MaxRecords=3, NextToken=first["NextToken"])
    names = [alarm["AlarmName"] for page in (first, second) for alarm in page["MetricAlarms"]]
    assert names == [f"a{number}" for number in range(5)]
    assert "NextToken" not in second
    assert CALLER.region in first["MetricAlarms"][0]["AlarmArn"]
    assert harness.clock.now() % MINUTE == 0
