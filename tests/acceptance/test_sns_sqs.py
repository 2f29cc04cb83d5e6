"""Topics and queues together, through boto3: fan-out, dead letters, order, and kill -9 between both."""

import json
import signal

import pytest

from lamplighter.base.json_text import Json
from tests.served_engine import EngineAccount, ServedEngine

pytest.importorskip("lamplighter.services.sqs", reason="this engine has no SQS")

TRACE = ("X-Amzn-Trace-Id", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")


def create_queue(account: EngineAccount, name: str, **attributes: str) -> tuple[str, str]:
    """Create a queue; return its URL and its ARN."""
    sqs = account.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def receive_all(account: EngineAccount, url: str) -> list[Json]:
    """Receive all messages of a queue."""
    found: list[Json] = []
    while True:
        page = account.client("sqs").receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=60
        )
        if not page.get("Messages"):
            return found
        found += page["Messages"]


def test_every_queue_receives_a_message_raw_or_in_an_envelope(account: EngineAccount) -> None:
    sns = account.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    (wrapped, wrapped_arn), (raw, raw_arn) = create_queue(account, "wrapped"), create_queue(account, "raw")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=wrapped_arn)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=raw_arn, Attributes={"RawMessageDelivery": "true"})
    attributes = {
        "bytes": {"DataType": "Binary", "BinaryValue": b"\0\xff"},
        "count": {"DataType": "Number", "StringValue": "3"},
        "many": {"DataType": "String.Array", "StringValue": "[1]"},
    }
    message = sns.publish(TopicArn=topic, Message="failed", Subject="Night", MessageAttributes=attributes)
    (one,) = receive_all(account, raw)
    assert (one["Body"], one["MessageAttributes"]) == ("failed", attributes)
    (other,) = receive_all(account, wrapped)
    body = json.loads(other["Body"])
    assert (body["MessageId"], body["Subject"]) == (message["MessageId"], "Night")
    assert body["MessageAttributes"]["bytes"] == {"Type": "Binary", "Value": "AP8="}


def test_an_undeliverable_message_is_a_dead_letter(account: EngineAccount) -> None:
    sns = account.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    (dead, dead_arn), (_, arn) = create_queue(account, "dead"), create_queue(account, "raw")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{arn}-gone", Attributes={"RedrivePolicy": redrive})
    raw_attributes = {"RedrivePolicy": redrive, "RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=raw_attributes)
    sns.publish(TopicArn=topic, Message="one")
    assert [json.loads(each["Body"])["Message"] for each in receive_all(account, dead)] == ["one"]


def test_a_fifo_topic_keeps_the_order_and_deduplicates_messages(account: EngineAccount) -> None:
    sns = account.client("sns")
    fifo = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    topic = sns.create_topic(Name="orders.fifo", Attributes=fifo)["TopicArn"]
    url, arn = create_queue(account, "orders.fifo", FifoQueue="true")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    for number in (0, 1, 1, 2, 3):
        sns.publish(TopicArn=topic, Message=str(number), MessageGroupId="g")
    assert [json.loads(each["Body"])["Message"] for each in receive_all(account, url)] == ["0", "1", "2", "3"]


def test_an_accepted_message_is_in_the_queue_once_although_the_engine_is_killed(served: ServedEngine) -> None:
    sns = served.client("sns")
    topic = sns.create_topic(Name="night")["TopicArn"]
    url, arn = create_queue(served, "reports")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    accepted = [sns.publish(TopicArn=topic, Message=str(number))["MessageId"] for number in range(20)]
    port = served.port
    served.kill(signal.SIGKILL)
    served.up()
    url = url.replace(f":{port}/", f":{served.port}/")
    assert sorted(json.loads(each["Body"])["MessageId"] for each in receive_all(served, url)) == sorted(accepted)


def test_the_trace_header_of_a_request_goes_with_its_messages(account: EngineAccount) -> None:
    sqs, sns = account.client("sqs"), account.client("sns")
    url, arn = create_queue(account, "traced")
    topic = sns.create_topic(Name="traced")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    for client in (sqs, sns):
        client.meta.events.register("before-sign", lambda request, **_: request.headers.add_header(*TRACE))
    sqs.send_message(QueueUrl=url, MessageBody="one")
    own = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=own"}}
    sqs.send_message(QueueUrl=url, MessageBody="two", MessageSystemAttributes=own)
    sns.publish(TopicArn=topic, Message="three")
    sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "a", "Message": "four"}])
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["AWSTraceHeader"])
    found = [message["Attributes"]["AWSTraceHeader"] for message in answer["Messages"]]
    assert found == [TRACE[1], "Root=own", TRACE[1], TRACE[1]]
