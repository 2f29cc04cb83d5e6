"""Messages are received, hidden, shown again and deleted as on AWS.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.sqs.messages import queue_messages
from tests.engine_harness import ACCOUNT
from tests.services.sqs.sqs_harness import SqsHarness, arn

STRING = {"DataType": "String", "StringValue": "x"}


def test_messages_come_in_the_order_of_sending_as_many_as_are_asked_for(harness: SqsHarness) -> None:
    url = harness.queue()
    for number in range(12):
        harness.send(url, str(number))
    assert harness.bodies(url, 10) == [str(number) for number in range(10)]
    assert harness.bodies(url, 10) == ["10", "11"]
    assert harness.sqs("ReceiveMessage", QueueUrl=url) == {}
    assert harness.counts(url) == (0, 12, 0)


def test_a_message_that_is_not_deleted_comes_back_after_the_visibility_timeout(harness: SqsHarness) -> None:
    url = harness.queue(VisibilityTimeout="5")
    harness.send(url)
    first = harness.one(url)
    harness.pass_time(4.999)
    assert harness.receive(url) == []
    harness.pass_time(0.001)
    second = harness.one(url, VisibilityTimeout=100)
    assert second["MessageId"] == first["MessageId"]
    assert second["ReceiptHandle"] != first["ReceiptHandle"]
    harness.pass_time(99)
    assert harness.receive(url) == []
    harness.pass_time(1)
    assert harness.one(url)["Attributes"]["ApproximateReceiveCount"] == "3"


def test_a_message_tells_when_it_was_sent_and_first_received_and_by_whom(harness: SqsHarness) -> None:
    url = harness.queue()
    now = harness.clock.now()
    harness.send(url)
    harness.pass_time(2)
    harness.receive(url)
    harness.pass_time(30)
    assert harness.one(url)["Attributes"] == {
        "SenderId": ACCOUNT,
        "SentTimestamp": str(now),
        "ApproximateReceiveCount": "2",
        "ApproximateFirstReceiveTimestamp": str(now + 2000),
    }


@pytest.mark.parametrize("member", ["AttributeNames", "MessageSystemAttributeNames"])
def test_only_the_attributes_that_are_asked_for_are_told(harness: SqsHarness, member: str) -> None:
    url = harness.queue(VisibilityTimeout="0")
    harness.send(url)
    assert set(harness.receive(url)[0]) == {"MessageId", "ReceiptHandle", "MD5OfBody", "Body"}
    harness.pass_time(1)
    asked: Json = {member: ["SenderId", "SequenceNumber"]}
    (message,) = harness.receive(url, **asked)
    assert message["Attributes"] == {"SenderId": ACCOUNT}
    told = ("InvalidAttributeName", "Unknown Attribute Colour.")
    assert harness.refused("ReceiveMessage", QueueUrl=url, **{member: ["Colour"]}) == told


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
def test_message_attributes_are_asked_for_by_name_or_by_prefix(
    harness: SqsHarness, names: list[str], found: set[str] | None
) -> None:
    url = harness.queue()
    harness.send(url, MessageAttributes=dict.fromkeys(("foo.a", "foo.b", "bar", "foobar"), STRING))
    (message,) = harness.receive(url, MessageAttributeNames=names)
    assert (set(message["MessageAttributes"]) if "MessageAttributes" in message else None) == found


def test_the_digest_is_of_the_attributes_that_are_told(harness: SqsHarness) -> None:
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
            "The request includes a parameter that is not valid for this queue type.",
        ),
    ],
)
def test_a_receive_that_is_none_is_refused(harness: SqsHarness, name: str, value: Json, reason: str) -> None:
    told = f"Value {value} for parameter {name} is invalid. Reason: {reason}"
    assert harness.refused("ReceiveMessage", QueueUrl=harness.queue(), **{name: value}) == (
        "InvalidParameterValue",
        told,
    )


def test_a_deleted_message_is_gone_and_deleting_it_again_changes_nothing(harness: SqsHarness) -> None:
    url = harness.queue(VisibilityTimeout="1")
    harness.send(url)
    message = harness.one(url)
    harness.delete(url, message)
    harness.delete(url, message)
    harness.pass_time(2)
    assert harness.receive(url) == []
    assert harness.counts(url) == (0, 0, 0)


def test_a_handle_is_good_after_the_visibility_timeout_until_somebody_else_receives(harness: SqsHarness) -> None:
    url = harness.queue(VisibilityTimeout="1")
    harness.send(url, "late")
    late = harness.one(url)
    harness.pass_time(2)
    harness.delete(url, late)
    assert harness.receive(url) == []
    harness.send(url, "twice")
    old = harness.one(url)
    harness.pass_time(2)
    new = harness.one(url)
    harness.delete(url, old)
    harness.pass_time(2)
    assert harness.bodies(url) == ["twice"]
    harness.pass_time(2)
    assert new["Body"] == "twice"


@pytest.mark.parametrize("handle", ["", "abc", "AQEB", "AQEBYSAxIDE=", "AQEBYSBiIGM=", "ä", "AQEB" + "A" * 5000])
def test_a_handle_that_no_receive_has_given_is_refused(harness: SqsHarness, handle: str) -> None:
    url = harness.queue()
    for operation, params in (("DeleteMessage", {}), ("ChangeMessageVisibility", {"VisibilityTimeout": 1})):
        told = f'The input receipt handle "{handle}" is not a valid receipt handle.'
        given = {"QueueUrl": url, "ReceiptHandle": handle, **params}
        assert harness.refused(operation, **given) == ("ReceiptHandleIsInvalid", told)


def test_a_handle_of_another_queue_is_refused(harness: SqsHarness) -> None:
    url, other = harness.queue(), harness.queue("other")
    harness.send(url)
    handle = harness.one(url)["ReceiptHandle"]
    assert harness.refused("DeleteMessage", QueueUrl=other, ReceiptHandle=handle)[0] == "ReceiptHandleIsInvalid"


def test_a_visibility_timeout_is_changed_from_now_on_and_for_this_receive_only(harness: SqsHarness) -> None:
    url = harness.queue()
    harness.send(url)
    message = harness.one(url)
    harness.pass_time(15)
    harness.hide(url, message, 10)
    harness.pass_time(9)
    assert harness.receive(url) == []
    harness.pass_time(1)
    message = harness.one(url)
    harness.hide(url, message, 0)
    harness.one(url)
    harness.pass_time(29)
    assert harness.receive(url) == []


def test_a_visibility_timeout_ends_twelve_hours_after_the_receive(harness: SqsHarness) -> None:
    url = harness.queue()
    harness.send(url)
    message = harness.one(url)
    harness.pass_time(10)
    given = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    told = (
        "Value 43191 for parameter VisibilityTimeout is invalid. "
        "Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"
    )
    assert harness.refused("ChangeMessageVisibility", **given, VisibilityTimeout=43191) == (
        "InvalidParameterValue",
        told,
    )
    harness.hide(url, message, 43190)
    assert harness.refused("ChangeMessageVisibility", **given, VisibilityTimeout=43201)[0] == "InvalidParameterValue"
    assert harness.refused("ChangeMessageVisibility", **given, VisibilityTimeout=-1)[0] == "InvalidParameterValue"


def test_only_what_is_in_flight_changes_its_visibility(harness: SqsHarness) -> None:
    url = harness.queue(VisibilityTimeout="1")
    harness.send(url)
    message = harness.one(url)
    given = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 5}
    harness.pass_time(1)
    assert harness.refused("ChangeMessageVisibility", **given)[0] == "MessageNotInflight"
    again = harness.one(url)
    code, reason = harness.refused("ChangeMessageVisibility", **given)
    assert (code, "is not available for visibility timeout change." in reason) == ("InvalidParameterValue", True)
    harness.delete(url, again)
    assert harness.refused("ChangeMessageVisibility", **given)[0] == "InvalidParameterValue"


def test_batches_delete_and_change_one_by_one(harness: SqsHarness) -> None:
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
    assert harness.bodies(url) == ["2"]


@pytest.mark.parametrize("operation", ["DeleteMessageBatch", "ChangeMessageVisibilityBatch"])
def test_an_empty_batch_is_refused_by_its_own_name(harness: SqsHarness, operation: str) -> None:
    told = f"There should be at least one {operation}RequestEntry in the request."
    assert harness.refused(operation, QueueUrl=harness.queue(), Entries=[]) == ("EmptyBatchRequest", told)


def test_a_message_is_kept_for_as_long_as_the_queue_says(harness: SqsHarness) -> None:
    url = harness.queue(MessageRetentionPeriod="60")
    harness.send(url, "old")
    harness.pass_time(30)
    harness.send(url, "young")
    harness.pass_time(30)
    assert harness.counts(url) == (1, 0, 0)
    assert harness.bodies(url) == ["young"]
    harness.pass_time(30)
    assert harness.rows("SELECT count(*) FROM sqs_messages") == [(0,)]


def test_a_shorter_retention_counts_for_the_messages_that_are_there(harness: SqsHarness) -> None:
    url = harness.queue()
    for _ in range(500):
        harness.send(url)
    harness.pass_time(100)
    harness.sqs("SetQueueAttributes", QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})
    harness.settle()
    assert harness.counts(url) == (0, 0, 0)
    assert harness.receive(url) == []


def test_an_expired_message_is_not_received_before_it_is_swept_away(harness: SqsHarness) -> None:
    url = harness.queue(MessageRetentionPeriod="60")
    harness.send(url)
    harness.clock.advance(60_000)
    assert harness.receive(url) == []


@pytest.mark.parametrize("fifo", [False, True])
def test_only_so_many_messages_can_be_in_flight(
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
        assert harness.refused("ReceiveMessage", QueueUrl=url)[0] == "OverLimit"
    harness.pass_time(30)
    assert len(harness.receive(url, 3)) == 3


def test_the_oldest_message_comes_first_whether_it_is_new_or_back(harness: SqsHarness) -> None:
    url = harness.queue(VisibilityTimeout="10")
    harness.send(url, "back")
    harness.receive(url)
    harness.pass_time(9)
    harness.send(url, "before")
    harness.pass_time(2)
    harness.send(url, "after")
    assert harness.bodies(url) == ["before", "back", "after"]


def test_the_wall_clock_makes_nothing_visible_and_nothing_expire(harness: SqsHarness) -> None:
    url = harness.queue(MessageRetentionPeriod="60")
    harness.send(url, "waits")
    harness.send(url, "in flight", DelaySeconds=30)
    for jump in (-3_600_000, 7_200_000):
        harness.clock.jump(jump)
        harness.advance(0)
        assert harness.counts(url) == (1, 0, 1)
    assert harness.attributes(url)["QueueArn"] == arn("letters")


@pytest.mark.parametrize("jump", [-3_600_000, 3_600_000])
def test_lengths_of_time_are_kept_through_a_wall_clock_that_is_set_and_a_restart(
    harness: SqsHarness, jump: int
) -> None:
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
    assert harness.bodies(url, VisibilityTimeout=0) == ["a"]
    harness.pass_time(10)
    assert harness.bodies(url, VisibilityTimeout=0) == ["a", "b"]
    harness.pass_time(69)
    assert harness.counts(url) == (2, 0, 0)
    harness.pass_time(2)
    assert harness.counts(url) == (0, 0, 0)
