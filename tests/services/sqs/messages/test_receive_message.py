"""Messages are received, hidden, shown again and deleted as on AWS.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.sqs.messages import queue_messages
from tests.engines import ACCOUNT
from tests.services.sqs.office import Office, arn

STRING = {"DataType": "String", "StringValue": "x"}


def test_messages_come_in_the_order_of_sending_as_many_as_are_asked_for(office: Office) -> None:
    url = office.queue()
    for number in range(12):
        office.send(url, str(number))
    assert office.bodies(url, 10) == [str(number) for number in range(10)]
    assert office.bodies(url, 10) == ["10", "11"]
    assert office.call("ReceiveMessage", QueueUrl=url) == {}
    assert office.counts(url) == (0, 12, 0)


def test_a_message_that_is_not_deleted_comes_back_after_the_visibility_timeout(office: Office) -> None:
    url = office.queue(VisibilityTimeout="5")
    office.send(url)
    first = office.one(url)
    office.pass_time(4.999)
    assert office.receive(url) == []
    office.pass_time(0.001)
    second = office.one(url, VisibilityTimeout=100)
    assert second["MessageId"] == first["MessageId"]
    assert second["ReceiptHandle"] != first["ReceiptHandle"]
    office.pass_time(99)
    assert office.receive(url) == []
    office.pass_time(1)
    assert office.one(url)["Attributes"]["ApproximateReceiveCount"] == "3"


def test_a_message_tells_when_it_was_sent_and_first_received_and_by_whom(office: Office) -> None:
    url = office.queue()
    now = office.site.clock.now()
    office.send(url)
    office.pass_time(2)
    office.receive(url)
    office.pass_time(30)
    assert office.one(url)["Attributes"] == {
        "SenderId": ACCOUNT,
        "SentTimestamp": str(now),
        "ApproximateReceiveCount": "2",
        "ApproximateFirstReceiveTimestamp": str(now + 2000),
    }


@pytest.mark.parametrize("member", ["AttributeNames", "MessageSystemAttributeNames"])
def test_only_the_attributes_that_are_asked_for_are_told(office: Office, member: str) -> None:
    url = office.queue(VisibilityTimeout="0")
    office.send(url)
    assert set(office.receive(url)[0]) == {"MessageId", "ReceiptHandle", "MD5OfBody", "Body"}
    office.pass_time(1)
    asked: Json = {member: ["SenderId", "SequenceNumber"]}
    (message,) = office.receive(url, **asked)
    assert message["Attributes"] == {"SenderId": ACCOUNT}
    told = ("InvalidAttributeName", "Unknown Attribute Colour.")
    assert office.refused("ReceiveMessage", QueueUrl=url, **{member: ["Colour"]}) == told


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
    office: Office, names: list[str], found: set[str] | None
) -> None:
    url = office.queue()
    office.send(url, MessageAttributes=dict.fromkeys(("foo.a", "foo.b", "bar", "foobar"), STRING))
    (message,) = office.receive(url, MessageAttributeNames=names)
    assert (set(message["MessageAttributes"]) if "MessageAttributes" in message else None) == found


def test_the_digest_is_of_the_attributes_that_are_told(office: Office) -> None:
    url = office.queue()
    alone = office.send(url, MessageAttributes={"a": STRING})["MD5OfMessageAttributes"]
    office.send(url, MessageAttributes={"a": STRING, "b": STRING})
    found = office.receive(url, 10, MessageAttributeNames=["a"])
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
def test_a_receive_that_is_none_is_refused(office: Office, name: str, value: Json, reason: str) -> None:
    told = f"Value {value} for parameter {name} is invalid. Reason: {reason}"
    assert office.refused("ReceiveMessage", QueueUrl=office.queue(), **{name: value}) == ("InvalidParameterValue", told)


def test_a_deleted_message_is_gone_and_deleting_it_again_changes_nothing(office: Office) -> None:
    url = office.queue(VisibilityTimeout="1")
    office.send(url)
    message = office.one(url)
    office.delete(url, message)
    office.delete(url, message)
    office.pass_time(2)
    assert office.receive(url) == []
    assert office.counts(url) == (0, 0, 0)


def test_a_handle_is_good_after_the_visibility_timeout_until_somebody_else_receives(office: Office) -> None:
    url = office.queue(VisibilityTimeout="1")
    office.send(url, "late")
    late = office.one(url)
    office.pass_time(2)
    office.delete(url, late)
    assert office.receive(url) == []
    office.send(url, "twice")
    old = office.one(url)
    office.pass_time(2)
    new = office.one(url)
    office.delete(url, old)
    office.pass_time(2)
    assert office.bodies(url) == ["twice"]
    office.pass_time(2)
    assert new["Body"] == "twice"


@pytest.mark.parametrize("handle", ["", "abc", "AQEB", "AQEBYSAxIDE=", "AQEBYSBiIGM=", "ä", "AQEB" + "A" * 5000])
def test_a_handle_that_no_receive_has_given_is_refused(office: Office, handle: str) -> None:
    url = office.queue()
    for operation, params in (("DeleteMessage", {}), ("ChangeMessageVisibility", {"VisibilityTimeout": 1})):
        told = f'The input receipt handle "{handle}" is not a valid receipt handle.'
        given = {"QueueUrl": url, "ReceiptHandle": handle, **params}
        assert office.refused(operation, **given) == ("ReceiptHandleIsInvalid", told)


def test_a_handle_of_another_queue_is_refused(office: Office) -> None:
    url, other = office.queue(), office.queue("other")
    office.send(url)
    handle = office.one(url)["ReceiptHandle"]
    assert office.refused("DeleteMessage", QueueUrl=other, ReceiptHandle=handle)[0] == "ReceiptHandleIsInvalid"


def test_a_visibility_timeout_is_changed_from_now_on_and_for_this_receive_only(office: Office) -> None:
    url = office.queue()
    office.send(url)
    message = office.one(url)
    office.pass_time(15)
    office.hide(url, message, 10)
    office.pass_time(9)
    assert office.receive(url) == []
    office.pass_time(1)
    message = office.one(url)
    office.hide(url, message, 0)
    office.one(url)
    office.pass_time(29)
    assert office.receive(url) == []


def test_a_visibility_timeout_ends_twelve_hours_after_the_receive(office: Office) -> None:
    url = office.queue()
    office.send(url)
    message = office.one(url)
    office.pass_time(10)
    given = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    told = (
        "Value 43191 for parameter VisibilityTimeout is invalid. "
        "Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"
    )
    assert office.refused("ChangeMessageVisibility", **given, VisibilityTimeout=43191) == (
        "InvalidParameterValue",
        told,
    )
    office.hide(url, message, 43190)
    assert office.refused("ChangeMessageVisibility", **given, VisibilityTimeout=43201)[0] == "InvalidParameterValue"
    assert office.refused("ChangeMessageVisibility", **given, VisibilityTimeout=-1)[0] == "InvalidParameterValue"


def test_only_what_is_in_flight_changes_its_visibility(office: Office) -> None:
    url = office.queue(VisibilityTimeout="1")
    office.send(url)
    message = office.one(url)
    given = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 5}
    office.pass_time(1)
    assert office.refused("ChangeMessageVisibility", **given)[0] == "MessageNotInflight"
    again = office.one(url)
    code, reason = office.refused("ChangeMessageVisibility", **given)
    assert (code, "is not available for visibility timeout change." in reason) == ("InvalidParameterValue", True)
    office.delete(url, again)
    assert office.refused("ChangeMessageVisibility", **given)[0] == "InvalidParameterValue"


def test_batches_delete_and_change_one_by_one(office: Office) -> None:
    url = office.queue()
    for number in range(3):
        office.send(url, str(number))
    first, second, third = office.receive(url, 3)
    handle = {"a": first["ReceiptHandle"], "b": "nonsense", "c": second["ReceiptHandle"]}
    deleted = office.call(
        "DeleteMessageBatch", QueueUrl=url, Entries=[{"Id": key, "ReceiptHandle": item} for key, item in handle.items()]
    )
    assert deleted["Successful"] == [{"Id": "a"}, {"Id": "c"}]
    assert [(each["Id"], each["Code"]) for each in deleted["Failed"]] == [("b", "ReceiptHandleIsInvalid")]
    changed = office.call(
        "ChangeMessageVisibilityBatch",
        QueueUrl=url,
        Entries=[
            {"Id": "x", "ReceiptHandle": third["ReceiptHandle"], "VisibilityTimeout": 0},
            {"Id": "y", "ReceiptHandle": first["ReceiptHandle"], "VisibilityTimeout": 0},
        ],
    )
    assert changed["Successful"] == [{"Id": "x"}]
    assert [each["Id"] for each in changed["Failed"]] == ["y"]
    assert office.bodies(url) == ["2"]


@pytest.mark.parametrize("operation", ["DeleteMessageBatch", "ChangeMessageVisibilityBatch"])
def test_an_empty_batch_is_refused_by_its_own_name(office: Office, operation: str) -> None:
    told = f"There should be at least one {operation}RequestEntry in the request."
    assert office.refused(operation, QueueUrl=office.queue(), Entries=[]) == ("EmptyBatchRequest", told)


def test_a_message_is_kept_for_as_long_as_the_queue_says(office: Office) -> None:
    url = office.queue(MessageRetentionPeriod="60")
    office.send(url, "old")
    office.pass_time(30)
    office.send(url, "young")
    office.pass_time(30)
    assert office.counts(url) == (1, 0, 0)
    assert office.bodies(url) == ["young"]
    office.pass_time(30)
    assert office.site.rows("SELECT count(*) FROM sqs_messages") == [(0,)]


def test_a_shorter_retention_counts_for_the_messages_that_are_there(office: Office) -> None:
    url = office.queue()
    for _ in range(500):
        office.send(url)
    office.pass_time(100)
    office.call("SetQueueAttributes", QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})
    office.site.settle()
    assert office.counts(url) == (0, 0, 0)
    assert office.receive(url) == []


def test_an_expired_message_is_not_received_before_it_is_swept_away(office: Office) -> None:
    url = office.queue(MessageRetentionPeriod="60")
    office.send(url)
    office.site.clock.advance(60_000)
    assert office.receive(url) == []


@pytest.mark.parametrize("fifo", [False, True])
def test_only_so_many_messages_can_be_in_flight(office: Office, monkeypatch: pytest.MonkeyPatch, *, fifo: bool) -> None:
    monkeypatch.setattr(queue_messages, "MOST_IN_FLIGHT", 3)
    url = office.fifo(ContentBasedDeduplication="true") if fifo else office.queue()
    for number in range(5):
        office.send(url, str(number), **({"MessageGroupId": str(number)} if fifo else {}))
    office.receive(url, 3)
    if fifo:
        assert office.receive(url, 1) == []
    else:
        assert office.refused("ReceiveMessage", QueueUrl=url)[0] == "OverLimit"
    office.pass_time(30)
    assert len(office.receive(url, 3)) == 3


def test_the_oldest_message_comes_first_whether_it_is_new_or_back(office: Office) -> None:
    url = office.queue(VisibilityTimeout="10")
    office.send(url, "back")
    office.receive(url)
    office.pass_time(9)
    office.send(url, "before")
    office.pass_time(2)
    office.send(url, "after")
    assert office.bodies(url) == ["before", "back", "after"]


def test_the_wall_clock_makes_nothing_visible_and_nothing_expire(office: Office) -> None:
    url = office.queue(MessageRetentionPeriod="60")
    office.send(url, "waits")
    office.send(url, "in flight", DelaySeconds=30)
    for jump in (-3_600_000, 7_200_000):
        office.site.clock.jump(jump)
        office.site.advance(0)
        assert office.counts(url) == (1, 0, 1)
    assert office.attributes(url)["QueueArn"] == arn("letters")


@pytest.mark.parametrize("jump", [-3_600_000, 3_600_000])
def test_lengths_of_time_are_kept_through_a_wall_clock_that_is_set_and_a_restart(office: Office, jump: int) -> None:
    url = office.queue(MessageRetentionPeriod="100")
    office.send(url, "a")
    office.send(url, "b", DelaySeconds=30)
    office.receive(url, 1, VisibilityTimeout=20)
    office.pass_time(6)
    office.site.clock.jump(jump)
    office.pass_time(6)
    office.site.restart()
    office.pass_time(7)
    assert office.receive(url) == []
    office.pass_time(1)
    assert office.bodies(url, VisibilityTimeout=0) == ["a"]
    office.pass_time(10)
    assert office.bodies(url, VisibilityTimeout=0) == ["a", "b"]
    office.pass_time(69)
    assert office.counts(url) == (2, 0, 0)
    office.pass_time(2)
    assert office.counts(url) == (0, 0, 0)
