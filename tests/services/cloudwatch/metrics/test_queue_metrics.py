"""The metrics of queues are SQS's own.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

from lamplighter.base.json_text import Json
from tests.services.cloudwatch.cloudwatch_harness import MINUTE, CloudWatchHarness


def point(harness: CloudWatchHarness, name: str, **params: Json) -> list[Json]:
    """Return the data points of a metric of the queue `in` in the last ten minutes, without their times."""
    now = harness.clock.now() / 1000
    given: Json = {"Namespace": "AWS/SQS", "MetricName": name, "Dimensions": [{"Name": "QueueName", "Value": "in"}]}
    given |= {"StartTime": now - 600, "EndTime": now + 60, "Period": 60} | params
    found: list[Json] = harness.cloudwatch(
        "GetMetricStatistics", Statistics=["SampleCount", "Sum", "Minimum", "Maximum"], **given
    )["Datapoints"]
    return [[each[field] for field in ("SampleCount", "Sum", "Minimum", "Maximum", "Unit")] for each in found]


def test_a_queue_counts_what_is_sent_received_and_deleted(harness: CloudWatchHarness) -> None:
    url = harness.call("sqs", "CreateQueue", QueueName="in")["QueueUrl"]
    for body in ("abc", "abcde"):
        harness.call("sqs", "SendMessage", QueueUrl=url, MessageBody=body)
    (message, _) = harness.call("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    harness.call("sqs", "DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    harness.restart()
    assert point(harness, "NumberOfMessagesSent") == [[1.0, 2.0, 2.0, 2.0, "Count"]]
    assert point(harness, "NumberOfMessagesReceived") == [[1.0, 2.0, 2.0, 2.0, "Count"]]
    assert point(harness, "NumberOfMessagesDeleted") == [[1.0, 1.0, 1.0, 1.0, "Count"]]
    assert point(harness, "SentMessageSize") == [[2.0, 8.0, 3.0, 5.0, "Bytes"]]
    assert point(harness, "SentMessageSize", Unit="Count") == []


def test_a_minute_without_an_event_has_no_data_point(harness: CloudWatchHarness) -> None:
    url = harness.call("sqs", "CreateQueue", QueueName="in")["QueueUrl"]
    harness.call("sqs", "SendMessage", QueueUrl=url, MessageBody="x")
    harness.advance(MINUTE)
    harness.call("sqs", "ReceiveMessage", QueueUrl=url)
    assert len(point(harness, "NumberOfMessagesSent")) == len(point(harness, "NumberOfMessagesReceived")) == 1
    assert point(harness, "NumberOfMessagesDeleted") == []


def test_the_age_of_the_oldest_message_can_be_watched(harness: CloudWatchHarness) -> None:
    url = harness.call("sqs", "CreateQueue", QueueName="in")["QueueUrl"]
    harness.put_alarm(
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": "in"}],
        Statistic="Maximum",
        Threshold=100,
    )
    assert point(harness, "ApproximateAgeOfOldestMessage") == []
    harness.call("sqs", "SendMessage", QueueUrl=url, MessageBody="x")
    harness.advance_minutes(1)
    assert harness.state() == "OK"
    harness.advance_minutes(1)
    assert harness.state() == "ALARM"
    assert point(harness, "ApproximateAgeOfOldestMessage")[-1] == [1.0, 120.0, 120.0, 120.0, "Seconds"]
