"""A person looks at messages without receiving them, and sends one again."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from tests.services.sqs.sqs_harness import SqsHarness, arn, redrive


def peek(harness: SqsHarness, name: str, **params: Json) -> Json:
    return harness.call("sqs", "PeekMessages", QueueArn=arn(name), **params)


def dead_letter(harness: SqsHarness, body: str = "hello") -> tuple[str, str, Json]:
    """A queue, its dead-letter queue, and a message there."""
    harness.queue("dead")
    url = harness.queue("letters", RedrivePolicy=redrive("dead"))
    harness.send(url, body, MessageAttributes={"why": {"DataType": "String", "StringValue": "because"}})
    harness.one(url, VisibilityTimeout=0)
    harness.pass_time(1)
    assert harness.receive(url) == []
    (found,) = peek(harness, "dead")["Messages"]
    return url, arn("dead"), found


def test_looking_changes_nothing(harness: SqsHarness) -> None:
    url = harness.queue()
    harness.send(url, "a")
    for _ in range(3):
        (message,) = peek(harness, "letters")["Messages"]
        assert (message["Body"], message["Receives"], message["Hidden"]) == ("a", 0, False)
    assert harness.one(url)["Attributes"]["ApproximateReceiveCount"] == "1"


def test_what_is_in_flight_is_seen_too(harness: SqsHarness) -> None:
    url = harness.queue()
    harness.send(url)
    harness.one(url)
    (message,) = peek(harness, "letters")["Messages"]
    assert (message["Receives"], message["Hidden"]) == (1, True)


def test_all_messages_are_seen_once_in_pages(harness: SqsHarness) -> None:
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


def test_a_dead_letter_is_sent_again_to_where_it_came_from(harness: SqsHarness) -> None:
    url, dead, message = dead_letter(harness)
    assert message["Source"] == arn("letters")
    harness.call("sqs", "SendAgain", QueueArn=dead, Id=message["Id"])
    assert peek(harness, "dead")["Messages"] == []
    again = harness.one(url)
    assert again["Body"] == "hello"
    assert again["MessageAttributes"]["why"]["StringValue"] == "because"


def test_it_is_sent_again_once(harness: SqsHarness) -> None:
    _, dead, message = dead_letter(harness)
    harness.call("sqs", "SendAgain", QueueArn=dead, Id=message["Id"])
    with pytest.raises(AwsError, match="no longer in the queue"):
        harness.call("sqs", "SendAgain", QueueArn=dead, Id=message["Id"])


def test_what_no_queue_gave_up_cannot_be_sent_again(harness: SqsHarness) -> None:
    harness.send(harness.queue())
    (message,) = peek(harness, "letters")["Messages"]
    with pytest.raises(AwsError, match="sent to this queue directly"):
        harness.call("sqs", "SendAgain", QueueArn=arn("letters"), Id=message["Id"])


def test_a_queue_that_is_gone_takes_nothing_back(harness: SqsHarness) -> None:
    url, dead, message = dead_letter(harness)
    harness.sqs("DeleteQueue", QueueUrl=url)
    with pytest.raises(AwsError, match="no longer exists"):
        harness.call("sqs", "SendAgain", QueueArn=dead, Id=message["Id"])
    assert len(peek(harness, "dead")["Messages"]) == 1


def test_a_message_is_thrown_away(harness: SqsHarness) -> None:
    _, dead, message = dead_letter(harness)
    harness.call("sqs", "Discard", QueueArn=dead, Id=message["Id"])
    assert peek(harness, "dead")["Messages"] == []
