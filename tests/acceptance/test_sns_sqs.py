"""Topics and queues together, through boto3: fan-out, dead letters, order, and kill -9 between the two."""

import json
import signal

import pytest

from lamplighter.base.json_text import Json
from tests.served_engine import ServedEngine

pytest.importorskip("lamplighter.services.sqs", reason="this engine has no SQS")


def queue(served: ServedEngine, name: str, **attributes: str) -> tuple[str, str]:
    """Create a queue; its URL and its ARN."""
    sqs = served.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def received(served: ServedEngine, url: str) -> list[Json]:
    """All messages of a queue."""
    found: list[Json] = []
    while True:
        page = served.client("sqs").receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=60
        )
        if not page.get("Messages"):
            return found
        found += page["Messages"]


def test_a_message_is_in_every_queue_raw_or_in_its_envelope(served: ServedEngine) -> None:
    sns = served.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    (wrapped, wrapped_arn), (raw, raw_arn) = queue(served, "wrapped"), queue(served, "raw")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=wrapped_arn)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=raw_arn, Attributes={"RawMessageDelivery": "true"})
    attributes = {
        "bytes": {"DataType": "Binary", "BinaryValue": b"\0\xff"},
        "count": {"DataType": "Number", "StringValue": "3"},
        "many": {"DataType": "String.Array", "StringValue": "[1]"},
    }
    message = sns.publish(TopicArn=topic, Message="failed", Subject="Night", MessageAttributes=attributes)
    (one,) = received(served, raw)
    assert (one["Body"], one["MessageAttributes"]) == ("failed", attributes)
    (other,) = received(served, wrapped)
    body = json.loads(other["Body"])
    assert (body["MessageId"], body["Subject"]) == (message["MessageId"], "Night")
    assert body["MessageAttributes"]["bytes"] == {"Type": "Binary", "Value": "AP8="}


def test_what_no_queue_takes_is_a_dead_letter(served: ServedEngine) -> None:
    sns = served.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    (dead, dead_arn), (_, arn) = queue(served, "dead"), queue(served, "raw")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{arn}-gone", Attributes={"RedrivePolicy": redrive})
    crowded = {"RedrivePolicy": redrive, "RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=crowded)
    sns.publish(TopicArn=topic, Message="one")
    assert [json.loads(each["Body"])["Message"] for each in received(served, dead)] == ["one"]


def test_a_fifo_topic_keeps_its_order_and_takes_a_message_once(served: ServedEngine) -> None:
    sns = served.client("sns")
    fifo = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    topic = sns.create_topic(Name="orders.fifo", Attributes=fifo)["TopicArn"]
    url, arn = queue(served, "orders.fifo", FifoQueue="true")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    for number in (0, 1, 1, 2, 3):
        sns.publish(TopicArn=topic, Message=str(number), MessageGroupId="g")
    assert [json.loads(each["Body"])["Message"] for each in received(served, url)] == ["0", "1", "2", "3"]


def test_a_message_that_was_taken_is_in_the_queue_once_though_the_engine_is_killed(served: ServedEngine) -> None:
    sns = served.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    url, arn = queue(served, "reports")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    taken = [sns.publish(TopicArn=topic, Message=str(number))["MessageId"] for number in range(20)]
    port = served.port
    served.kill(signal.SIGKILL)
    served.up()
    url = url.replace(f":{port}/", f":{served.port}/")
    assert sorted(json.loads(each["Body"])["MessageId"] for each in received(served, url)) == sorted(taken)
