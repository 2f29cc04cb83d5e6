"""Messages are accepted or refused as on AWS, and the answers have AWS's digests.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

import hashlib

import pytest

from lamplighter.base.json_text import Json
from tests.services.sqs.sqs_harness import SqsHarness

STRING = {"DataType": "String", "StringValue": "x"}
MIB = 1024 * 1024
UNKNOWN_TYPE = (
    "The type of message (user) attribute 'a' is invalid. You must use only the following supported type prefixes: "
    "Binary, Number, String."
)
BAD_ID = (
    "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
    "It can be at most 80 letters long."
)


def test_a_message_is_received_as_it_was_sent_and_with_the_same_digest(harness: SqsHarness) -> None:
    url = harness.queue()
    sent = harness.send(url, "grüße 🕯\n\t\r")
    assert sent["MD5OfMessageBody"] == hashlib.md5("grüße 🕯\n\t\r".encode()).hexdigest()
    assert set(sent) == {"MD5OfMessageBody", "MessageId"}
    message = harness.receive_one(url)
    assert (message["Body"], message["MessageId"]) == ("grüße 🕯\n\t\r", sent["MessageId"])
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"]


def test_attributes_are_received_with_the_digest_that_aws_computes(harness: SqsHarness) -> None:
    url = harness.queue()
    attributes = {
        "attribName1": {"DataType": "String", "StringValue": "attribValue 1"},
        "customNumberTypeAttrib": {"DataType": "Number.float", "StringValue": "4563442423554324324264524243.32543234"},
        "binaryAttribute": {"DataType": "Binary", "BinaryValue": b"Hello binary world!"},
    }
    sent = harness.send(url, MessageAttributes=attributes)
    message = harness.receive_one(url)
    assert message["MessageAttributes"] == attributes
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"] == "c932db14a896c663f83c260297d594ff"


def test_a_trace_header_is_a_system_attribute(harness: SqsHarness) -> None:
    url = harness.queue()
    header = "Root=1-5759e988-bd862e3fe1be46a994272793"
    sent = harness.send(url, MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": header}})
    assert len(sent["MD5OfMessageSystemAttributes"]) == 32
    assert harness.receive_one(url)["Attributes"]["AWSTraceHeader"] == header
    other = {"Other": STRING}
    params = {"QueueUrl": url, "MessageBody": "x", "MessageSystemAttributes": other}
    assert harness.expect_error("SendMessage", **params)[0] == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        # https://github.com/aws/aws-sdk-php/issues/694
        ("", STRING, "The request must contain non-empty message attribute name."),
        # https://github.com/aws/aws-sdk-java/issues/1692
        ("a", {"StringValue": "x"}, "The message attribute 'a' must contain non-empty message attribute type."),
        ("a", STRING | {"DataType": ""}, "The message attribute 'a' must contain non-empty message attribute type."),
        # https://github.com/grafana/k6-jslib-aws/pull/65
        (
            "a",
            STRING | {"DataType": "string"},
            UNKNOWN_TYPE,
        ),
    ],
)
def test_an_attribute_without_a_name_or_with_an_unknown_type_is_refused(
    harness: SqsHarness, name: str, value: Json, expected: str
) -> None:
    params = {"QueueUrl": harness.queue(), "MessageBody": "x", "MessageAttributes": {name: value}}
    assert harness.expect_error("SendMessage", **params) == ("InvalidParameterValue", expected)


@pytest.mark.parametrize("body", ["\x00", "a\x0b", "\x1f", "\ufffe", "\uffff"])
def test_characters_that_xml_does_not_allow_are_refused(harness: SqsHarness, body: str) -> None:
    code, message = harness.expect_error("SendMessage", QueueUrl=harness.queue(), MessageBody=body)
    assert (code, message.startswith("Invalid characters found.")) == ("InvalidMessageContents", True)


def test_a_message_needs_a_body(harness: SqsHarness) -> None:
    expected = ("MissingParameter", "The request must contain the parameter MessageBody.")
    assert harness.expect_error("SendMessage", QueueUrl=harness.queue(), MessageBody="") == expected


def test_the_maximum_size_of_a_message_includes_its_attributes(harness: SqsHarness) -> None:
    url = harness.queue(MaximumMessageSize="1024")
    attributes = {"name": {"DataType": "String", "StringValue": "y" * 10}}  # 4 + 6 + 10 bytes
    harness.send(url, "ä" * 502, MessageAttributes=attributes)
    params = {"QueueUrl": url, "MessageBody": "ä" * 502 + "z", "MessageAttributes": attributes}
    code, message = harness.expect_error("SendMessage", **params)
    assert code == "InvalidParameterValue"
    assert message == "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."


def test_a_message_of_one_mebibyte_is_accepted(harness: SqsHarness) -> None:
    url = harness.queue()
    harness.send(url, "x" * MIB)
    assert harness.receive_bodies(url) == ["x" * MIB]
    assert harness.expect_error("SendMessage", QueueUrl=url, MessageBody="x" * (MIB + 1))[0] == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", STRING),
        ("a b", STRING),
        ("aws.x", STRING),
        ("AMAZON.x", STRING),
        (".x", STRING),
        ("x.", STRING),
        ("x..y", STRING),
        ("x" * 257, STRING),
        ("x", {"StringValue": "x"}),
        ("x", {"DataType": "Text", "StringValue": "x"}),
        ("x", {"DataType": "String"}),
        ("x", {"DataType": "String", "StringValue": ""}),
        ("x", {"DataType": "String", "BinaryValue": b"x"}),
        ("x", {"DataType": "Binary", "StringValue": "x"}),
        ("x", {"DataType": "String", "StringValue": "x", "StringListValues": ["x"]}),
        ("x", {"DataType": "String." + "x" * 256, "StringValue": "x"}),
        ("x", {"DataType": "Number", "StringValue": "one"}),
        ("x", {"DataType": "Number", "StringValue": "NaN"}),
        ("x", {"DataType": "Number", "StringValue": "1_0"}),
        ("x", {"DataType": "Number", "StringValue": "1e127"}),
        ("x", {"DataType": "Number.int", "StringValue": "1" * 39}),
    ],
)
def test_an_invalid_attribute_is_refused(harness: SqsHarness, name: str, value: Json) -> None:
    params = {"QueueUrl": harness.queue(), "MessageBody": "x", "MessageAttributes": {name: value}}
    assert harness.expect_error("SendMessage", **params)[0] == "InvalidParameterValue"


def test_a_message_has_at_most_ten_attributes(harness: SqsHarness) -> None:
    url = harness.queue()
    harness.send(url, MessageAttributes={f"a{number}": STRING for number in range(10)})
    eleven = {f"a{number}": STRING for number in range(11)}
    _, message = harness.expect_error("SendMessage", QueueUrl=url, MessageBody="x", MessageAttributes=eleven)
    assert message == "Number of message attributes [11] exceeds the allowed maximum [10]."


def test_a_message_is_delayed_by_its_own_or_its_queue_s_delay(harness: SqsHarness) -> None:
    url = harness.queue(DelaySeconds="5")
    harness.send(url, "usual")
    harness.send(url, "own", DelaySeconds=2)
    harness.send(url, "now", DelaySeconds=0)
    assert harness.counts(url) == (1, 0, 2)
    assert harness.receive_bodies(url) == ["now"]
    harness.pass_time(2)
    assert harness.receive_bodies(url) == ["own"]
    harness.pass_time(3)
    assert harness.receive_bodies(url) == ["usual"]


@pytest.mark.parametrize("delay", [-1, 901])
def test_a_delay_outside_of_the_limits_is_refused(harness: SqsHarness, delay: int) -> None:
    expected = f"Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."
    params = {"QueueUrl": harness.queue(), "MessageBody": "x", "DelaySeconds": delay}
    assert harness.expect_error("SendMessage", **params) == ("InvalidParameterValue", expected)


def test_a_standard_queue_accepts_a_group_and_refuses_a_deduplication_id(harness: SqsHarness) -> None:
    url = harness.queue()
    harness.send(url, MessageGroupId="tenant")
    harness.send(url, MessageGroupId="tenant")
    assert len(harness.receive(url, 10)) == 2
    harness.pass_time(30)
    assert harness.receive_one(url)["Attributes"]["MessageGroupId"] == "tenant"
    params = {"QueueUrl": url, "MessageBody": "x", "MessageDeduplicationId": "d"}
    reason = "The request include parameter that is not valid for this queue type."
    expected = f"Value d for parameter MessageDeduplicationId is invalid. Reason: {reason}"
    assert harness.expect_error("SendMessage", **params) == ("InvalidParameterValue", expected)


def entry(name: str, body: str = "x", **params: Json) -> Json:
    return {"Id": name, "MessageBody": body, **params}


def test_entries_of_a_batch_succeed_and_fail_separately(harness: SqsHarness) -> None:
    url = harness.queue(MaximumMessageSize="1024")
    entries = [
        entry("a", "one"),
        entry("b", "\x00"),
        entry("c", "three"),
        entry("d", "x" * 1025),
        entry("e", DelaySeconds=999),
    ]
    answer = harness.sqs("SendMessageBatch", QueueUrl=url, Entries=entries)
    assert [each["Id"] for each in answer["Successful"]] == ["a", "c"]
    assert [(each["Id"], each["Code"], each["SenderFault"]) for each in answer["Failed"]] == [
        ("b", "InvalidMessageContents", True),
        ("d", "InvalidParameterValue", True),
        ("e", "InvalidParameterValue", True),
    ]
    assert harness.receive_bodies(url) == ["one", "three"]


@pytest.mark.parametrize(
    ("entries", "code", "message"),
    [
        ([], "EmptyBatchRequest", "There should be at least one SendMessageBatchRequestEntry in the request."),
        (
            [entry(str(number)) for number in range(11)],
            "TooManyEntriesInBatchRequest",
            "Maximum number of entries per request are 10. You have sent 11.",
        ),
        ([entry("a"), entry("a")], "BatchEntryIdsNotDistinct", "Id a repeated."),
        (
            [entry("a b")],
            "InvalidBatchEntryId",
            BAD_ID,
        ),
        (
            [entry("a", "x" * MIB), entry("b", "y")],
            "BatchRequestTooLong",
            "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.",
        ),
    ],
)
def test_an_invalid_batch_is_refused_completely(
    harness: SqsHarness, entries: list[Json], code: str, message: str
) -> None:
    url = harness.queue()
    assert harness.expect_error("SendMessageBatch", QueueUrl=url, Entries=entries) == (code, message)
    assert harness.counts(url) == (0, 0, 0)


@pytest.mark.parametrize("missing", ["MessageGroupId", "MessageDeduplicationId"])
def test_a_batch_fails_as_a_whole_if_an_entry_of_a_fifo_queue_lacks_an_id(harness: SqsHarness, missing: str) -> None:
    url = harness.fifo()
    whole = {"Id": "1", "MessageBody": "a", "MessageGroupId": "g", "MessageDeduplicationId": "1"}
    part = {name: value for name, value in whole.items() if name != missing} | {"Id": "2"}
    code, message = harness.expect_error("SendMessageBatch", QueueUrl=url, Entries=[whole, part])
    assert missing in message
    assert code == ("MissingParameter" if missing == "MessageGroupId" else "InvalidParameterValue")
    assert harness.counts(url) == (0, 0, 0)


def test_an_attribute_may_have_a_name_in_any_script_and_is_found_by_its_beginning(harness: SqsHarness) -> None:
    url = harness.queue(VisibilityTimeout="1")
    harness.send(url, MessageAttributes={"größe": STRING, "gruppe": STRING, "x": STRING})

    def names(*wanted: str) -> set[str]:
        (message,) = harness.receive(url, MessageAttributeNames=list(wanted))
        harness.pass_time(1)
        return set(message.get("MessageAttributes", {}))

    assert names("gr*") == {"größe", "gruppe"}
    assert names("gru.*") == {"gruppe"}
    assert names("*") == {"größe", "gruppe", "x"}
