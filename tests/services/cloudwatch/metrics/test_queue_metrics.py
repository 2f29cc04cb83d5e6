"""The metrics of queues are SQS's own.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

from lamplighter.base.json_text import Json, dumps
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


AGE = "ApproximateAgeOfOldestMessage"


def send(harness: CloudWatchHarness, url: str, **params: Json) -> None:
    harness.call("sqs", "SendMessage", QueueUrl=url, MessageBody="x", **params)


def fail_to_process(harness: CloudWatchHarness, url: str) -> int:
    """Receive what is visible, and let it become visible again; return the number of messages."""
    answer = harness.call("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    harness.advance(1)
    return len(answer.get("Messages", []))


def ages(harness: CloudWatchHarness) -> list[float]:
    """Return the present age of the oldest message of the queue `in`, or nothing."""
    return [each[3] for each in point(harness, AGE)]


def test_a_message_does_not_count_for_the_age_after_its_third_receive(harness: CloudWatchHarness) -> None:
    """ "For standard queues, if a message is received three or more times and not deleted, SQS moves it to the back of
    the queue. The metric then reflects the age of the next message that hasn't exceeded the receive threshold."
    """
    url = harness.call("sqs", "CreateQueue", QueueName="in")["QueueUrl"]
    send(harness, url)
    harness.advance(MINUTE)
    for _ in range(2):
        fail_to_process(harness, url)
    assert ages(harness) == [60.0]
    fail_to_process(harness, url)
    assert ages(harness) == []
    send(harness, url)
    harness.advance(MINUTE)
    assert ages(harness) == [60.0]


def test_a_message_counts_no_longer_although_its_queue_has_a_redrive_policy(harness: CloudWatchHarness) -> None:
    """ "This reordering occurs even when a redrive policy is in place." """
    harness.call("sqs", "CreateQueue", QueueName="dead")
    target = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead", "maxReceiveCount": 100}
    attributes = {"RedrivePolicy": dumps(target)}
    url = harness.call("sqs", "CreateQueue", QueueName="in", Attributes=attributes)["QueueUrl"]
    send(harness, url)
    for _ in range(3):
        assert fail_to_process(harness, url) == 1
    assert ages(harness) == []


def test_a_message_of_a_fifo_queue_counts_after_any_number_of_receives(harness: CloudWatchHarness) -> None:
    """ "FIFO queues don't reorder messages to preserve order. A failed message blocks its message group …" """
    fifo = {"FifoQueue": "true"}
    url = harness.call("sqs", "CreateQueue", QueueName="in.fifo", Attributes=fifo)["QueueUrl"]
    send(harness, url, MessageGroupId="g", MessageDeduplicationId="d")
    harness.advance(MINUTE)
    for _ in range(5):
        assert fail_to_process(harness, url) == 1
    dimension = {"Name": "QueueName", "Value": "in.fifo"}
    assert point(harness, AGE, Dimensions=[dimension]) == [[1.0, 60.0, 60.0, 60.0, "Seconds"]]


def test_the_age_of_a_dead_letter_counts_from_the_time_when_it_was_moved(harness: CloudWatchHarness) -> None:
    """ "When a message is moved to a DLQ after exceeding the maxReceiveCount, the age resets. In that case, the DLQ's
    metric reflects the time the message was moved—not when it was originally sent."
    """
    harness.call("sqs", "CreateQueue", QueueName="in")
    target = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:in", "maxReceiveCount": 1}
    attributes = {"RedrivePolicy": dumps(target)}
    url = harness.call("sqs", "CreateQueue", QueueName="source", Attributes=attributes)["QueueUrl"]
    send(harness, url)
    fail_to_process(harness, url)
    harness.advance(5 * MINUTE)
    assert fail_to_process(harness, url) == 0
    harness.advance(MINUTE)
    assert ages(harness) == [60.0]
