"""Messages are received, become invisible and visible, and are deleted as on AWS.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.sqs.messages import queue_messages
from tests.engine_harness import ACCOUNT
from tests.services.sqs.sqs_harness import SqsHarness, arn

STRING = {"DataType": "String", "StringValue": "x"}


def test_messages_are_received_in_order_up_to_the_requested_number(harness: SqsHarness) -> None:
    url = harness.queue()
    for number in range(12):
        harness.send(url, str(number))
    assert harness.receive_bodies(url, 10) == [str(number) for number in range(10)]
    assert harness.receive_bodies(url, 10) == ["10", "11"]
    assert harness.sqs("ReceiveMessage", QueueUrl=url) == {}
    assert harness.counts(url) == (0, 12, 0)


def test_a_message_that_is_not_deleted_is_received_again_after_the_visibility_timeout(harness: SqsHarness) -> None:
    url = harness.queue(VisibilityTimeout="5")
    harness.send(url)
    first = harness.receive_one(url)
    harness.pass_time(4.999)
    assert harness.receive(url) == []
    harness.pass_time(0.001)
    second = harness.receive_one(url, VisibilityTimeout=100)
    assert second["MessageId"] == first["MessageId"]
    assert second["ReceiptHandle"] != first["ReceiptHandle"]
    harness.pass_time(99)
    assert harness.receive(url) == []
    harness.pass_time(1)
    assert harness.receive_one(url)["Attributes"]["ApproximateReceiveCount"] == "3"


def test_a_message_has_its_sender_its_send_time_and_its_first_receive_time(harness: SqsHarness) -> None:
    url = harness.queue()
    now = harness.clock.now()
    harness.send(url)
    harness.pass_time(2)
    harness.receive(url)
    harness.pass_time(30)
    assert harness.receive_one(url)["Attributes"] == {
        "SenderId": ACCOUNT,
        "SentTimestamp": str(now),
        "ApproximateReceiveCount": "2",
        "ApproximateFirstReceiveTimestamp": str(now + 2000),
    }


@pytest.mark.parametrize("member", ["AttributeNames", "MessageSystemAttributeNames"])
def test_only_requested_attributes_are_returned(harness: SqsHarness, member: str) -> None:
    url = harness.queue(VisibilityTimeout="0")
    harness.send(url)
    assert set(harness.receive(url)[0]) == {"MessageId", "ReceiptHandle", "MD5OfBody", "Body"}
    harness.pass_time(1)
    requested: Json = {member: ["SenderId", "SequenceNumber"]}
    (message,) = harness.receive(url, **requested)
    assert message["Attributes"] == {"SenderId": ACCOUNT}
    expected = ("InvalidAttributeName", "Unknown Attribute Colour.")
    assert harness.expect_error("ReceiveMessage", QueueUrl=url, **{member: ["Colour"]}) == expected


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["All"], {"foo.a", "foo.b", "bar", "foobar"}),
        ([".*"], {"foo.a", "foo.b", "bar", "foobar"}),
        (["bar", "nobody"], {"bar"}),
        (["foo.*"], {"foo.a", "foo.b", "foobar"}),
        (["nobody.*"], None),
        ([], None),
    ],
)
def test_message_attributes_are_requested_by_name_or_by_prefix(
    harness: SqsHarness, names: list[str], found: set[str] | None
) -> None:
    url = harness.queue()
    harness.send(url, MessageAttributes=dict.fromkeys(("foo.a", "foo.b", "bar", "foobar"), STRING))
    (message,) = harness.receive(url, MessageAttributeNames=names)
    assert (set(message["MessageAttributes"]) if "MessageAttributes" in message else None) == found


def test_the_digest_covers_only_the_returned_attributes(harness: SqsHarness) -> None:
    url = harness.queue()
    alone = harness.send(url, MessageAttributes={"a": STRING})["MD5OfMessageAttributes"]
    harness.send(url, MessageAttributes={"a": STRING, "b": STRING})
    found = harness.receive(url, 10, MessageAttributeNames=["a"])
    assert [message["MD5OfMessageAttributes"] for message in found] == [alone, alone]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("MaxNumberOfMessages", 0, "Must be between 1 and 10, if provided."),
        ("MaxNumberOfMessages", 11, "Must be between 1 and 10, if provided."),
        ("WaitTimeSeconds", -1, "Must be >= 0 and <= 20, if provided."),
        ("WaitTimeSeconds", 21, "Must be >= 0 and <= 20, if provided."),
        ("VisibilityTimeout", -1, "Must be >= 0 and <= 43200, if provided."),
        ("VisibilityTimeout", 43201, "Must be >= 0 and <= 43200, if provided."),
        (
            "ReceiveRequestAttemptId",
            "a",
            "The request include parameter that is not valid for this queue type.",
        ),
    ],
)
def test_an_invalid_receive_request_is_refused(harness: SqsHarness, name: str, value: Json, reason: str) -> None:
    expected = f"Value {value} for parameter {name} is invalid. Reason: {reason}"
    assert harness.expect_error("ReceiveMessage", QueueUrl=harness.queue(), **{name: value}) == (
        "InvalidParameterValue",
        expected,
    )


def test_deleting_a_message_again_changes_nothing(harness: SqsHarness) -> None:
    url = harness.queue(VisibilityTimeout="1")
    harness.send(url)
    message = harness.receive_one(url)
    harness.delete(url, message)
    harness.delete(url, message)
    harness.pass_time(2)
    assert harness.receive(url) == []
    assert harness.counts(url) == (0, 0, 0)


def test_a_standard_queue_accepts_an_expired_receipt_handle_and_that_of_an_earlier_receive(harness: SqsHarness) -> None:
    url = harness.queue(VisibilityTimeout="1")
    harness.send(url, "late")
    late = harness.receive_one(url)
    harness.pass_time(2)
    harness.delete(url, late)
    assert harness.receive(url) == []
    harness.send(url, "twice")
    old = harness.receive_one(url)
    harness.pass_time(2)
    assert harness.receive_one(url)["ReceiptHandle"] != old["ReceiptHandle"]
    harness.change_visibility(url, old, 5)
    harness.pass_time(2)
    assert harness.receive(url) == []
    harness.delete(url, old)
    assert harness.counts(url) == (0, 0, 0)


@pytest.mark.parametrize("handle", ["", "abc", "AQEB", "AQEBYSAxLTE=", "AQEBYSBiIGM=", "ä", "AQEB" + "A" * 5000])
def test_an_invalid_receipt_handle_is_refused(harness: SqsHarness, handle: str) -> None:
    url = harness.queue()
    for operation, params in (("DeleteMessage", {}), ("ChangeMessageVisibility", {"VisibilityTimeout": 1})):
        expected = f'The input receipt handle "{handle}" is not a valid receipt handle.'
        given = {"QueueUrl": url, "ReceiptHandle": handle, **params}
        assert harness.expect_error(operation, **given) == ("ReceiptHandleIsInvalid", expected)


def test_a_receipt_handle_of_another_queue_is_refused(harness: SqsHarness) -> None:
    url, other = harness.queue(), harness.queue("other")
    harness.send(url)
    handle = harness.receive_one(url)["ReceiptHandle"]
    expected = ("ReceiptHandleIsInvalid", f'The receipt handle "{handle}" is not valid for this queue.')
    assert harness.expect_error("DeleteMessage", QueueUrl=other, ReceiptHandle=handle) == expected


def test_a_changed_visibility_timeout_begins_now_and_applies_to_this_receive_only(harness: SqsHarness) -> None:
    url = harness.queue()
    harness.send(url)
    message = harness.receive_one(url)
    harness.pass_time(15)
    harness.change_visibility(url, message, 10)
    harness.pass_time(9)
    assert harness.receive(url) == []
    harness.pass_time(1)
    message = harness.receive_one(url)
    harness.change_visibility(url, message, 0)
    harness.receive_one(url)
    harness.pass_time(29)
    assert harness.receive(url) == []


def test_a_visibility_timeout_ends_within_twelve_hours_of_the_receive(harness: SqsHarness) -> None:
    url = harness.queue()
    harness.send(url)
    message = harness.receive_one(url)
    harness.pass_time(10)
    given = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    expected = (
        "Value 43191 for parameter VisibilityTimeout is invalid. "
        "Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"
    )
    assert harness.expect_error("ChangeMessageVisibility", **given, VisibilityTimeout=43191) == (
        "InvalidParameterValue",
        expected,
    )
    harness.change_visibility(url, message, 43190)
    assert (
        harness.expect_error("ChangeMessageVisibility", **given, VisibilityTimeout=43201)[0] == "InvalidParameterValue"
    )
    assert harness.expect_error("ChangeMessageVisibility", **given, VisibilityTimeout=-1)[0] == "InvalidParameterValue"


def test_the_visibility_of_a_message_can_change_after_its_time_and_not_after_its_deletion(harness: SqsHarness) -> None:
    url = harness.queue(VisibilityTimeout="1")
    harness.send(url)
    message = harness.receive_one(url)
    given = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 5}
    harness.pass_time(1)
    harness.sqs("ChangeMessageVisibility", **given)
    assert harness.receive(url) == []
    harness.pass_time(5)
    harness.delete(url, harness.receive_one(url))
    code, reason = harness.expect_error("ChangeMessageVisibility", **given)
    assert (code, "is not available for visibility timeout change." in reason) == ("InvalidParameterValue", True)


def test_batch_entries_are_deleted_and_changed_separately(harness: SqsHarness) -> None:
    url = harness.queue()
    for number in range(3):
        harness.send(url, str(number))
    first, second, third = harness.receive(url, 3)
    handle = {"a": first["ReceiptHandle"], "b": "nonsense", "c": second["ReceiptHandle"]}
    deleted = harness.sqs(
        "DeleteMessageBatch", QueueUrl=url, Entries=[{"Id": key, "ReceiptHandle": item} for key, item in handle.items()]
    )
    assert deleted["Successful"] == [{"Id": "a"}, {"Id": "c"}]
    assert [(each["Id"], each["Code"]) for each in deleted["Failed"]] == [("b", "ReceiptHandleIsInvalid")]
    changed = harness.sqs(
        "ChangeMessageVisibilityBatch",
        QueueUrl=url,
        Entries=[
            {"Id": "x", "ReceiptHandle": third["ReceiptHandle"], "VisibilityTimeout": 0},
            {"Id": "y", "ReceiptHandle": first["ReceiptHandle"], "VisibilityTimeout": 0},
        ],
    )
    assert changed["Successful"] == [{"Id": "x"}]
    assert [each["Id"] for each in changed["Failed"]] == ["y"]
    assert harness.receive_bodies(url) == ["2"]


@pytest.mark.parametrize("operation", ["DeleteMessageBatch", "ChangeMessageVisibilityBatch"])
def test_an_empty_batch_is_refused_with_the_name_of_its_entries(harness: SqsHarness, operation: str) -> None:
    expected = f"There should be at least one {operation}RequestEntry in the request."
    assert harness.expect_error(operation, QueueUrl=harness.queue(), Entries=[]) == ("EmptyBatchRequest", expected)


def test_a_message_is_kept_for_the_retention_period_of_its_queue(harness: SqsHarness) -> None:
    url = harness.queue(MessageRetentionPeriod="60")
    harness.send(url, "old")
    harness.pass_time(30)
    harness.send(url, "young")
    harness.pass_time(30)
    assert harness.counts(url) == (1, 0, 0)
    assert harness.receive_bodies(url) == ["young"]
    harness.pass_time(30)
    assert harness.rows("SELECT count(*) FROM sqs_messages") == [(0,)]


def test_a_shorter_retention_period_applies_to_existing_messages(harness: SqsHarness) -> None:
    url = harness.queue()
    for _ in range(500):
        harness.send(url)
    harness.pass_time(100)
    harness.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})
    harness.settle()
    assert harness.counts(url) == (0, 0, 0)
    assert harness.receive(url) == []


def test_an_expired_message_is_not_received_before_it_is_deleted(harness: SqsHarness) -> None:
    url = harness.queue(MessageRetentionPeriod="60")
    harness.send(url)
    harness.clock.advance(60_000)
    assert harness.receive(url) == []


@pytest.mark.parametrize("fifo", [False, True])
def test_the_number_of_messages_in_flight_is_limited(
    harness: SqsHarness, monkeypatch: pytest.MonkeyPatch, *, fifo: bool
) -> None:
    monkeypatch.setattr(queue_messages, "MAX_IN_FLIGHT", 3)
    url = harness.fifo(ContentBasedDeduplication="true") if fifo else harness.queue()
    for number in range(5):
        harness.send(url, str(number), **({"MessageGroupId": str(number)} if fifo else {}))
    harness.receive(url, 3)
    if fifo:
        assert harness.receive(url, 1) == []
    else:
        assert harness.expect_error("ReceiveMessage", QueueUrl=url)[0] == "OverLimit"
    harness.pass_time(30)
    assert len(harness.receive(url, 3)) == 3


def test_messages_are_received_in_the_order_in_which_they_became_visible(harness: SqsHarness) -> None:
    url = harness.queue(VisibilityTimeout="10")
    harness.send(url, "back")
    harness.receive(url)
    harness.pass_time(9)
    harness.send(url, "before")
    harness.pass_time(2)
    harness.send(url, "after")
    assert harness.receive_bodies(url) == ["before", "back", "after"]


def test_a_change_of_the_wall_clock_neither_shows_nor_expires_messages(harness: SqsHarness) -> None:
    url = harness.queue(MessageRetentionPeriod="60")
    harness.send(url, "waits")
    harness.send(url, "in flight", DelaySeconds=30)
    for jump in (-3_600_000, 7_200_000):
        harness.clock.jump(jump)
        harness.advance(0)
        assert harness.counts(url) == (1, 0, 1)
    assert harness.attributes(url)["QueueArn"] == arn("letters")


@pytest.mark.parametrize("jump", [-3_600_000, 3_600_000])
def test_durations_are_kept_through_a_change_of_the_wall_clock_and_a_restart(harness: SqsHarness, jump: int) -> None:
    url = harness.queue(MessageRetentionPeriod="100")
    harness.send(url, "a")
    harness.send(url, "b", DelaySeconds=30)
    harness.receive(url, 1, VisibilityTimeout=20)
    harness.pass_time(6)
    harness.clock.jump(jump)
    harness.pass_time(6)
    harness.restart()
    harness.pass_time(7)
    assert harness.receive(url) == []
    harness.pass_time(1)
    assert harness.receive_bodies(url, VisibilityTimeout=0) == ["a"]
    harness.pass_time(10)
    assert harness.receive_bodies(url, VisibilityTimeout=0) == ["a", "b"]
    harness.pass_time(69)
    assert harness.counts(url) == (2, 0, 0)
    harness.pass_time(2)
    assert harness.counts(url) == (0, 0, 0)
