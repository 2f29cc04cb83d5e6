"""Alarms: they look at each minute, and tell of each change of their state once."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.engine import health
from tests.engines import ACCOUNT, CALLER, HOUR, REGION, Died
from tests.services.cloudwatch.tower import MINUTE, QUIET, Tower


def test_a_value_beyond_the_threshold_is_told_once_and_so_is_the_way_back(tower: Tower) -> None:
    tower.alarm(OKActions=[tower.topic], TreatMissingData="notBreaching")
    assert tower.state() == "OK"
    tower.told()
    tower.value(30)
    tower.value(12)
    tower.minutes(1)
    assert tower.state() == "ALARM"
    (envelope,) = tower.told()
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
    tower.value(40)
    tower.minutes(1)
    assert tower.told() == []
    tower.minutes(3)
    (envelope,) = tower.told()
    assert loads(envelope["Message"])["NewStateValue"] == "OK"


def test_people_who_read_mail_get_a_text(tower: Tower) -> None:
    tower.alarm(AlarmDescription="The batch is slow.")
    tower.value(30)
    tower.minutes(1)
    ((subject, text),) = tower.mails()
    assert subject == 'ALARM: "alarm" in US East (N. Virginia)'
    assert text.startswith("The batch is slow.")
    assert "State:     INSUFFICIENT_DATA -> ALARM" in text


def test_a_change_is_an_event_and_history(tower: Tower) -> None:
    tower.alarm()
    tower.value(30)
    tower.minutes(1)
    put, event = tower.heard("aws.cloudwatch")
    assert put.detail_type == "CloudWatch Alarm Configuration Change"
    assert put.detail["operation"] == "create"
    assert event.detail_type == "CloudWatch Alarm State Change"
    assert event.detail["alarmName"] == "alarm"
    assert event.detail["state"]["value"] == "ALARM"
    assert event.detail["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert event.detail["configuration"]["metrics"][0]["metricStat"]["metric"]["name"] == "m"
    items = tower.cw("DescribeAlarmHistory", AlarmName="alarm", ScanBy="TimestampAscending")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in items] == [
        'Alarm "alarm" created',
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        f"Successfully executed action {tower.topic}",
    ]


def test_an_alarm_whose_actions_are_off_tells_nobody(tower: Tower) -> None:
    tower.alarm()
    tower.cw("DisableAlarmActions", AlarmNames=["alarm"])
    tower.value(30)
    tower.minutes(1)
    assert tower.state() == "ALARM"
    assert tower.told() == []
    tower.cw("EnableAlarmActions", AlarmNames=["alarm"])
    tower.minutes(5)
    assert tower.told() == []


def test_a_state_that_is_set_holds_until_the_next_look(tower: Tower) -> None:
    tower.alarm(TreatMissingData="notBreaching")
    tower.cw("SetAlarmState", AlarmName="alarm", StateValue="ALARM", StateReason="a drill")
    tower.settle()
    assert loads(tower.told()[0]["Message"])["NewStateReason"] == "a drill"
    tower.minutes(1)
    assert tower.state() == "OK"


def test_an_alarm_that_is_put_again_keeps_its_state_and_its_tags(tower: Tower) -> None:
    tower.alarm(Tags=[{"Key": "a", "Value": "b"}])
    tower.value(30)
    tower.minutes(1)
    tower.alarm(Threshold=20.0, TreatMissingData="ignore", Tags=[])
    assert tower.described()["Threshold"] == 20.0
    assert tower.state() == "ALARM"
    arn = tower.described()["AlarmArn"]
    assert tower.cw("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]


def test_an_alarm_that_is_deleted_looks_no_more(tower: Tower) -> None:
    tower.alarm()
    tower.cw("DeleteAlarms", AlarmNames=["alarm"])
    tower.value(30)
    tower.minutes(2)
    assert tower.told() == []
    assert tower.rows("SELECT count(*) FROM timers WHERE service = 'monitoring'") == [(0,)]
    with pytest.raises(AwsError):
        tower.cw("DeleteAlarms", AlarmNames=["alarm"])


def test_one_of_three_periods_is_not_yet_two_of_three(tower: Tower) -> None:
    tower.alarm(EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData="notBreaching")
    tower.value(30)
    tower.minutes(1)
    assert tower.state() == "OK"
    tower.value(5)
    tower.minutes(1)
    tower.value(30)
    tower.minutes(1)
    assert tower.state() == "ALARM"


def test_an_alarm_that_warms_up_holds_its_peace(tower: Tower) -> None:
    tower.alarm(TreatMissingData="breaching", WarmUpConfiguration={"WarmUpPeriodDurationInMinutes": 10})
    tower.minutes(9)
    assert tower.state() == "INSUFFICIENT_DATA"
    tower.minutes(1)
    assert tower.state() == "ALARM"


def test_a_warm_up_ends_with_enough_data_unless_it_is_to_last(tower: Tower) -> None:
    tower.alarm("early", WarmUpConfiguration={"WarmUpPeriodDurationInMinutes": 10})
    only = {"WarmUpPeriodDurationInMinutes": 10, "OnlyStartEvaluatingAfterWarmUpPeriodEnds": True}
    tower.alarm("late", WarmUpConfiguration=only)
    tower.value(30)
    tower.minutes(1)
    assert (tower.state("early"), tower.state("late")) == ("ALARM", "INSUFFICIENT_DATA")


def test_runs_that_begin_are_counted_where_they_are(tower: Tower) -> None:
    tower.alarm(**_quiet(TreatMissingData="breaching"))
    assert tower.state() == "ALARM"
    tower.run_machine({"Type": "Pass"})
    tower.minutes(1)
    assert tower.state() == "OK"
    tower.minutes(12)
    assert tower.state() == "ALARM"


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


def test_messages_that_wait_in_a_queue_are_looked_at_each_minute(tower: Tower) -> None:
    url = tower.call("sqs", "CreateQueue", QueueName="dead")["QueueUrl"]
    tower.alarm(
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "dead"}],
        Statistic="Maximum",
        Period=300,
        Threshold=0.0,
        TreatMissingData="notBreaching",
    )
    assert tower.state() == "OK"
    tower.call("sqs", "SendMessage", QueueUrl=url, MessageBody="x")
    tower.minutes(1)
    assert tower.state() == "ALARM"
    tower.call("sqs", "PurgeQueue", QueueUrl=url)
    tower.minutes(4)
    assert tower.state() == "ALARM"
    tower.minutes(3)
    assert tower.state() == "OK"
    assert len(tower.told()) == 1


def test_messages_that_are_sent_to_a_queue_are_counted_so_that_an_alarm_rings_for_each(tower: Tower) -> None:
    url = tower.call("sqs", "CreateQueue", QueueName="dead")["QueueUrl"]
    tower.alarm(
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
        tower.call("sqs", "SendMessageBatch", QueueUrl=url, Entries=entries)
        tower.minutes(1)
        assert tower.state() == "ALARM"
        tower.minutes(6)
        assert tower.state() == "OK"
    messages = [loads(told["Message"]) for told in tower.told()]
    assert [told["Trigger"]["MetricName"] for told in messages] == ["NumberOfMessagesSent"] * 2
    points = tower.cw(
        "GetMetricStatistics",
        Namespace="AWS/SQS",
        MetricName="NumberOfMessagesSent",
        Dimensions=[{"Name": "QueueName", "Value": "dead"}],
        StartTime=(tower.clock.now() - HOUR) / 1000,
        EndTime=tower.clock.now() / 1000,
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    assert sorted(point["Sum"] for point in points) == [1.0, 2.0]


def test_messages_of_a_dead_letter_queue_that_a_redrive_policy_brings_are_not_sent(tower: Tower) -> None:
    dead = tower.call("sqs", "CreateQueue", QueueName="dead")["QueueUrl"]
    policy = dumps({"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead", "maxReceiveCount": 1})
    url = tower.call("sqs", "CreateQueue", QueueName="q", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    tower.call("sqs", "SendMessage", QueueUrl=url, MessageBody="x")
    for _ in range(2):
        tower.call("sqs", "ReceiveMessage", QueueUrl=url, VisibilityTimeout=0)
        tower.advance(1)
    assert tower.call("sqs", "ReceiveMessage", QueueUrl=dead)["Messages"]
    assert tower.rows("SELECT queue, number FROM sqs_sent_counts") == [("q", 1)]


def test_an_engine_that_was_off_looks_at_how_things_are_now(tower: Tower) -> None:
    tower.alarm(TreatMissingData="breaching", OKActions=[tower.topic])
    assert tower.state() == "ALARM"
    tower.told()
    tower.down()
    tower.clock.advance(5 * HOUR + 20_000)
    tower.up()
    tower.value(1)
    assert tower.state() == "ALARM"
    tower.advance(40_000)
    assert tower.state() == "OK"
    assert len(tower.told()) == 1


def test_an_engine_that_is_killed_anywhere_loses_no_notification_and_doubles_none(tower: Tower) -> None:
    tower.alarm()
    tower.minutes(1)
    tower.told()
    deaths = 0
    for commit in range(1, 5):
        for before in (True, False):
            tower.cw("SetAlarmState", AlarmName="alarm", StateValue="OK", StateReason="again")
            tower.told()
            tower.value(30)
            tower.die_at(commit, before=before)
            try:
                tower.minutes(1)
            except Died:
                deaths += 1
                tower.up()
                tower.minutes(1)
            tower.disk.death = None
            messages = [loads(each["Message"])["NewStateValue"] for each in tower.told()]
            assert messages == ["ALARM"], (commit, before)
    assert deaths >= 4


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_clock_that_is_set_delays_no_look(tower: Tower, hours: int) -> None:
    tower.alarm(TreatMissingData="notBreaching")
    tower.clock.jump(hours * HOUR)
    tower.minutes(1)
    tower.value(30)
    tower.minutes(1)
    assert tower.state() == "ALARM"


def test_a_state_machine_puts_values_as_it_calls_any_service(tower: Tower) -> None:
    datum = {"MetricName": "m", "Value": 30}
    tower.alarm()
    run = tower.run_machine(
        {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:cloudwatch:putMetricData",
            "Parameters": {"Namespace": "app", "MetricData": [datum]},
        }
    )
    assert tower.status(run) == "SUCCEEDED"
    tower.minutes(1)
    assert tower.state() == "ALARM"


def test_what_cannot_be_read_stands_still_alone(tower: Tower) -> None:
    tower.alarm("bad")
    tower.alarm("good")
    tower.crash()
    tower.damage("UPDATE alarms SET body = '{' WHERE name = 'bad'")
    tower.up()
    tower.value(30)
    tower.minutes(1)
    assert [each["AlarmName"] for each in tower.cw("DescribeAlarms")["MetricAlarms"]] == ["good"]
    assert tower.state("good") == "ALARM"
    tower.alarm("bad")
    assert tower.state("bad") == "ALARM"


def test_the_health_names_what_cannot_be_read_until_it_is_put_anew(tower: Tower) -> None:
    for name in ("a", "b"):
        tower.alarm(name)
    tower.crash()
    tower.damage("UPDATE alarms SET body = '7'")
    tower.up()
    (condition,) = health.read_health(tower.engine).conditions
    assert condition.name == "alarms-damaged"
    assert condition.reason.startswith("2 alarms cannot be read and will tell nobody (arn:aws:cloudwatch:us-east-1:")
    for name in ("a", "b"):
        tower.alarm(name)
    assert health.read_health(tower.engine).status == "ok"


def test_what_cannot_be_read_can_be_deleted(tower: Tower) -> None:
    tower.alarm("bad")
    tower.crash()
    tower.damage("UPDATE alarms SET body = '{' WHERE name = 'bad'")
    tower.up()
    tower.cw("DeleteAlarms", AlarmNames=["bad"])
    assert tower.rows("SELECT count(*) FROM alarms") == [(0,)]


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
    ],
)
def test_what_no_alarm_can_be_is_refused(tower: Tower, settings: Json, word: str) -> None:
    with pytest.raises(AwsError, match=word):
        tower.alarm(**settings)


@pytest.mark.parametrize(
    "name", ["MetricName", "Namespace", "Period", "Threshold", "ComparisonOperator", "EvaluationPeriods", "Statistic"]
)
def test_what_an_alarm_needs_is_asked_for_by_name(tower: Tower, name: str) -> None:
    whole = {"Namespace": "a", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    whole |= {"Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    with pytest.raises(AwsError, match=name):
        tower.cw("PutMetricAlarm", AlarmName="a", **{each: whole[each] for each in whole if each != name})


def test_an_engine_without_alarms_does_not_load_the_service(tower: Tower) -> None:
    assert "service" not in tower.engine.services["monitoring"].__dict__
    tower.minutes(3)
    assert "service" not in tower.engine.services["monitoring"].__dict__


def test_an_alarm_on_one_metric_of_a_list_is_an_alarm_on_that_metric(tower: Tower) -> None:
    stat = {"Metric": {"Namespace": "app", "MetricName": "m"}, "Period": 60, "Stat": "p90"}
    given: Json = {"EvaluationPeriods": 1, "Threshold": 10.0, "ComparisonOperator": "GreaterThanThreshold"}
    tower.cw("PutMetricAlarm", AlarmName="alarm", Metrics=[{"Id": "m1", "MetricStat": stat}], **given)
    for value in (1, 1, 1, 1, 1, 1, 1, 1, 20, 20):
        tower.value(value)
    tower.minutes(1)
    assert tower.state() == "ALARM"
    found = tower.cw("DescribeAlarmsForMetric", Namespace="app", MetricName="m")["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in found] == ["alarm"]


def test_an_alarm_on_metric_math_is_kept_and_says_that_it_is_not_judged(tower: Tower) -> None:
    math: Json = [{"Id": "e1", "Expression": "m1 * 2"}, {"Id": "m1", "ReturnData": False}]
    given: Json = {"EvaluationPeriods": 1, "Threshold": 10.0, "ComparisonOperator": "GreaterThanThreshold"}
    tower.cw("PutMetricAlarm", AlarmName="alarm", Metrics=math, AlarmActions=[tower.topic], **given)
    tower.minutes(3)
    assert tower.state() == "INSUFFICIENT_DATA"
    assert "does not judge" in tower.described()["StateReason"]
    tower.cw("SetAlarmState", AlarmName="alarm", StateValue="ALARM", StateReason="a drill")
    tower.settle()
    assert loads(tower.told()[0]["Message"])["Trigger"] == {"Metrics": math}


def test_lists_are_turned_over_by_pages(tower: Tower) -> None:
    for number in range(5):
        tower.alarm(f"a{number}")
    first = tower.cw("DescribeAlarms", MaxRecords=3)
    second = tower.cw("DescribeAlarms", MaxRecords=3, NextToken=first["NextToken"])
    names = [alarm["AlarmName"] for page in (first, second) for alarm in page["MetricAlarms"]]
    assert names == [f"a{number}" for number in range(5)]
    assert "NextToken" not in second
    assert CALLER.region in first["MetricAlarms"][0]["AlarmArn"]
    assert tower.clock.now() % MINUTE == 0
