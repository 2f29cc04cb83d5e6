"""A user reads messages without receiving them, sends one again or discards it."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.services.sqs.sqs_harness import SqsHarness, arn, redrive_policy


def peek(harness: SqsHarness, name: str, **params: Json) -> Json:
    return harness.call("sqs", "PeekMessages", QueueArn=arn(name), **params)


def create_dead_letter(harness: SqsHarness, body: str = "hello") -> tuple[str, str, Json]:
    """Create a dead letter; return its queue's URL, the dead-letter queue's ARN and the message."""
    harness.queue("dead")
    url = harness.queue("letters", RedrivePolicy=redrive_policy("dead"))
    harness.send(url, body, MessageAttributes={"why": {"DataType": "String", "StringValue": "because"}})
    harness.receive_one(url, VisibilityTimeout=0)
    harness.pass_time(1)
    assert harness.receive(url) == []
    (found,) = peek(harness, "dead")["Messages"]
    return url, arn("dead"), found


def test_peeking_changes_nothing(harness: SqsHarness) -> None:
    url = harness.queue()
    harness.send(url, "a")
    for _ in range(3):
        (message,) = peek(harness, "letters")["Messages"]
        assert (message["Body"], message["Receives"], message["Hidden"]) == ("a", 0, False)
    assert harness.receive_one(url)["Attributes"]["ApproximateReceiveCount"] == "1"


def test_messages_in_flight_are_shown(harness: SqsHarness) -> None:
    url = harness.queue()
    harness.send(url)
    harness.receive_one(url)
    (message,) = peek(harness, "letters")["Messages"]
    assert (message["Receives"], message["Hidden"]) == (1, True)


def test_all_messages_are_shown_once_in_pages(harness: SqsHarness) -> None:
    url = harness.queue()
    for number in range(60):
        harness.send(url, str(number), DelaySeconds=number % 3)
    seen: list[str] = []
    after: Json = {}
    while True:
        page = peek(harness, "letters", **after)
        seen += [message["Body"] for message in page["Messages"]]
        if "After" not in page:
            break
        after = {"After": page["After"]}
    assert sorted(seen, key=int) == [str(number) for number in range(60)]


def test_a_dead_letter_is_sent_again_to_its_source_queue(harness: SqsHarness) -> None:
    url, dead, message = create_dead_letter(harness)
    assert message["Source"] == arn("letters")
    harness.call("sqs", "RedriveMessage", QueueArn=dead, Id=message["Id"])
    assert peek(harness, "dead")["Messages"] == []
    again = harness.receive_one(url)
    assert again["Body"] == "hello"
    assert again["MessageAttributes"]["why"]["StringValue"] == "because"


def test_a_dead_letter_is_sent_again_only_once(harness: SqsHarness) -> None:
    _, dead, message = create_dead_letter(harness)
    harness.call("sqs", "RedriveMessage", QueueArn=dead, Id=message["Id"])
    with pytest.raises(AwsError, match="no longer in the queue"):
        harness.call("sqs", "RedriveMessage", QueueArn=dead, Id=message["Id"])


def test_a_message_that_was_sent_directly_cannot_be_sent_again(harness: SqsHarness) -> None:
    harness.send(harness.queue())
    (message,) = peek(harness, "letters")["Messages"]
    with pytest.raises(AwsError, match="sent to this queue directly"):
        harness.call("sqs", "RedriveMessage", QueueArn=arn("letters"), Id=message["Id"])


def test_a_dead_letter_of_a_deleted_queue_cannot_be_sent_again(harness: SqsHarness) -> None:
    url, dead, message = create_dead_letter(harness)
    harness.sqs("DeleteQueue", QueueUrl=url)
    with pytest.raises(AwsError, match="no longer exists"):
        harness.call("sqs", "RedriveMessage", QueueArn=dead, Id=message["Id"])
    assert len(peek(harness, "dead")["Messages"]) == 1


def test_a_message_is_discarded(harness: SqsHarness) -> None:
    _, dead, message = create_dead_letter(harness)
    harness.call("sqs", "DeleteMessageById", QueueArn=dead, Id=message["Id"])
    assert peek(harness, "dead")["Messages"] == []
