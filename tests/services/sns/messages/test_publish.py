"""Test which messages can be published, and what endpoints receive.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

import re

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import Caller
from lamplighter.delivery.tables import lost_alerts
from tests.engine_harness import ACCOUNT, REGION
from tests.services.sns.sns_harness import QUEUE, WEBHOOK, SnsHarness

STRING_ATTRIBUTE = {"DataType": "String", "StringValue": "v"}


def test_a_notification_is_formatted_exactly_as_by_aws(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    arn = harness.subscribe(topic, "http", WEBHOOK)
    attributes = {"kind": STRING_ATTRIBUTE, "count": {"DataType": "Number", "StringValue": "3"}}
    message = harness.publish(topic, 'the "batch" failed', Subject="Night", MessageAttributes=attributes)
    (post,) = harness.out.http.posts
    text = post.body.decode()
    document = loads(text)
    signature, certificate = document["Signature"], document["SigningCertURL"]
    assert re.fullmatch(r"http://127\.0\.0\.1:4566/SimpleNotificationService-[0-9a-f]{32}\.pem", certificate)
    assert text == (
        "{\n"
        '  "Type" : "Notification",\n'
        f'  "MessageId" : "{message}",\n'
        f'  "TopicArn" : "{topic}",\n'
        '  "Subject" : "Night",\n'
        '  "Message" : "the \\"batch\\" failed",\n'
        '  "Timestamp" : "2026-01-01T00:00:00.000Z",\n'
        '  "SignatureVersion" : "1",\n'
        f'  "Signature" : "{signature}",\n'
        f'  "SigningCertURL" : "{certificate}",\n'
        f'  "UnsubscribeURL" : "http://127.0.0.1:4566/?Action=Unsubscribe&SubscriptionArn={arn}",\n'
        '  "MessageAttributes" : {\n'
        '    "kind" : {"Type":"String","Value":"v"},\n'
        '    "count" : {"Type":"Number","Value":"3"}\n'
        "  }\n"
        "}"
    )
    assert post.headers == {
        "x-amz-sns-message-type": "Notification",
        "x-amz-sns-message-id": message,
        "x-amz-sns-topic-arn": topic,
        "x-amz-sns-subscription-arn": arn,
        "Content-Type": "text/plain; charset=UTF-8",
        "User-Agent": "Amazon Simple Notification Service Agent",
    }


def test_the_body_of_a_raw_post_is_the_message(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    policy = dumps({"requestPolicy": {"headerContentType": "application/json"}})
    harness.subscribe(topic, "http", WEBHOOK, RawMessageDelivery="true", DeliveryPolicy=policy)
    harness.publish(topic, '{"a":1}')
    (post,) = harness.out.http.posts
    assert post.body == b'{"a":1}'
    assert post.headers["x-amz-sns-rawdelivery"] == "true"
    assert post.headers["Content-Type"] == "application/json"


def test_a_queue_gets_the_envelope_or_with_raw_delivery_the_message_and_its_attributes(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    envelope_arn = harness.subscribe(topic, "sqs", QUEUE)
    harness.subscribe(topic, "sqs", f"arn:aws:sqs:{REGION}:{ACCOUNT}:raw", RawMessageDelivery="true")
    harness.publish(topic, "body", MessageAttributes={"bytes": {"DataType": "Binary", "BinaryValue": b"\0\xff"}})
    (envelope_message,) = harness.queued_messages()
    assert envelope_message["QueueUrl"] == f"http://127.0.0.1:4566/{ACCOUNT}/reports"
    assert set(envelope_message) == {"QueueUrl", "MessageBody"}
    body = loads(envelope_message["MessageBody"])
    assert body["MessageAttributes"] == {"bytes": {"Type": "Binary", "Value": "AP8="}}
    assert body["UnsubscribeURL"].endswith(envelope_arn)
    (raw_message,) = harness.queued_messages("raw")
    assert raw_message["MessageBody"] == "body"
    assert raw_message["MessageAttributes"] == {"bytes": {"DataType": "Binary", "BinaryValue": "AP8="}}


def test_a_structured_message_has_a_text_for_each_protocol(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "http", WEBHOOK)
    harness.subscribe(topic, "sqs", QUEUE)
    harness.subscribe(topic, "lamplighter:command", "page")
    texts = {"default": "for all", "http": "for hooks", "sqs": 7, "pigeon": "coo"}
    harness.publish(topic, dumps(texts), MessageStructure="json")
    assert [post["Message"] for post in harness.posted_documents()] == ["for hooks"]
    assert [loads(each["MessageBody"])["Message"] for each in harness.queued_messages()] == ["for all"]
    assert [run.stdin for run in harness.out.programs.runs] == [b"for all"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("plain", "JSON message body failed to parse"),
        ("[1]", "JSON message body failed to parse"),
        ('{"default": "a", "default": "b"}', "JSON message body failed to parse"),
        ("[" * 100_000, "JSON message body failed to parse"),
        ('{"http": "a"}', "No default entry in JSON message body"),
        ('{"default": 1}', "No default entry in JSON message body"),
    ],
)
def test_an_invalid_structured_message_is_refused(harness: SnsHarness, message: str, reason: str) -> None:
    refused = harness.expect_error("Publish", TopicArn=harness.create_topic(), Message=message, MessageStructure="json")
    assert refused == ("InvalidParameter", f"Invalid parameter: Message Structure - {reason}")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"Message": ""}, "Empty message"),
        ({"Message": "x" * 262_145}, "Message too long"),
        ({"Message": "x" * 262_140, "MessageAttributes": {"kind": STRING_ATTRIBUTE}}, "Message too long"),
        ({"Message": "é" * 131_073}, "Message too long"),
        ({"Message": "m", "Subject": ""}, "Subject"),
        ({"Message": "m", "Subject": "x" * 101}, "Subject"),
        ({"Message": "m", "Subject": "two\nlines"}, "Subject"),
        ({"Message": "m", "MessageStructure": "xml"}, "MessageStructure"),
        (
            {"Message": "m", "MessageDeduplicationId": "x"},
            (
                "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not "
                "valid for this topic type"
            ),
        ),
        ({"Message": "m", "MessageAttributes": {"a b": STRING_ATTRIBUTE}}, "Invalid message attribute name: a b"),
        ({"Message": "m", "MessageAttributes": {"a..b": STRING_ATTRIBUTE}}, "Invalid message attribute name: a..b"),
        ({"Message": "m", "MessageAttributes": {"aws.x": STRING_ATTRIBUTE}}, "Invalid message attribute name: aws.x"),
    ],
)
def test_an_invalid_message_is_refused(harness: SnsHarness, params: Json, message: str) -> None:
    topic = harness.create_topic()
    refused = harness.expect_error("Publish", TopicArn=topic, **params)
    assert refused == ("InvalidParameter", f"Invalid parameter: {message}")


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        (
            {"DataType": "Colour", "StringValue": "red"},
            (
                "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes "
                "is Binary, Number, and String."
            ),
        ),
        (
            {"DataType": "String"},
            (
                "The message attribute 'a' must contain non-empty message attribute value for message attribute type "
                "'String'."
            ),
        ),
        (
            {"DataType": "Binary", "StringValue": "x"},
            "The message attribute 'a' with type 'Binary' must use field 'Binary'.",
        ),
        ({"DataType": "Number", "StringValue": "x"}, "Could not cast message attribute 'a' value to number."),
        ({"DataType": "Number", "StringValue": "NaN"}, "Could not cast message attribute 'a' value to number."),
        ({"DataType": "Number", "StringValue": "1_0"}, "Could not cast message attribute 'a' value to number."),
        (
            {"DataType": "String.Array", "StringValue": "x"},
            "The message attribute 'a' with type 'String.Array' must hold a JSON array.",
        ),
    ],
)
def test_an_invalid_message_attribute_is_refused(harness: SnsHarness, attribute: Json, message: str) -> None:
    refused = harness.expect_error(
        "Publish", TopicArn=harness.create_topic(), Message="m", MessageAttributes={"a": attribute}
    )
    assert refused == ("InvalidParameterValueException", message)


def test_filters_use_the_attributes_of_a_structured_message_but_they_are_not_sent(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "sqs", QUEUE, FilterPolicy='{"kind":["v"]}')
    harness.publish(topic, '{"default":"d"}', MessageStructure="json", MessageAttributes={"kind": STRING_ATTRIBUTE})
    (sent,) = harness.queued_messages()
    assert "MessageAttributes" not in loads(sent["MessageBody"])


def test_a_message_and_a_subject_of_maximum_length_are_accepted(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "sqs", QUEUE)
    harness.publish(topic, "x" * 262_144, Subject="x" * 100)
    assert len(harness.queued_messages()) == 1


def test_a_topic_can_limit_the_size_of_its_messages(harness: SnsHarness) -> None:
    topic = harness.create_topic(MaximumMessageSize="1024")
    assert (
        harness.expect_error("Publish", TopicArn=topic, Message="x" * 1025)[1] == "Invalid parameter: Message too long"
    )


def test_publish_needs_exactly_one_of_topic_arn_and_target_arn(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    assert harness.sns("Publish", TargetArn=topic, Message="m")["MessageId"]
    assert harness.expect_error("Publish", Message="m")[1] == (
        "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"
    )
    assert harness.expect_error("Publish", Message="m", TopicArn=topic, TargetArn=topic)[0] == "InvalidParameter"


def test_publishing_to_a_missing_topic_is_refused(harness: SnsHarness) -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:none"
    assert harness.expect_error("Publish", TopicArn=topic, Message="m") == ("NotFound", "Topic does not exist")


def test_publishing_to_a_topic_of_another_region_is_refused(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    with pytest.raises(Exception, match="Invalid parameter: TopicArn"):
        harness.run(
            harness.engine.call(Caller(ACCOUNT, "eu-west-1"), "sns", "Publish", {"TopicArn": topic, "Message": "m"})
        )


def test_an_sms_is_accepted_and_reported_as_lost(harness: SnsHarness, caplog: pytest.LogCaptureFixture) -> None:
    assert harness.sns("Publish", PhoneNumber="+15551234567", Message="m")["MessageId"]
    assert "a message for sms +15551234567 is lost: this engine does not deliver by the protocol sms" in caplog.text
    (lost,) = lost_alerts.alerts_since(harness.engine.store.reader, 0)
    assert (lost.recipient, lost.reason) == ("sms +15551234567", "this engine does not deliver by the protocol sms")
    refused = harness.expect_error("Publish", PhoneNumber="NAA+15551234567", Message="m")
    assert refused == (
        "InvalidParameter",
        "Invalid parameter: PhoneNumber Reason: NAA+15551234567 is not valid to publish to",
    )


@pytest.mark.parametrize("target", ["TopicArn", "TargetArn"])
def test_an_empty_arn_is_no_arn(harness: SnsHarness, target: str) -> None:
    refused = harness.expect_error("Publish", Message="m", **{target: ""})
    assert refused[1] == f"Invalid parameter: {target} Reason: An ARN must have at least 6 elements, not 1"
    assert harness.expect_error("Publish", Message="m")[1] == (
        "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"
    )


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("message.id", "contains an impermissible character: message.id"),
        ("", "contains an impermissible character: "),
        ("x" * 81, f"is too long: {'x' * 81}"),
    ],
)
def test_the_id_of_a_batch_entry_has_letters_digits_hyphens_and_underscores(
    harness: SnsHarness, key: str, reason: str
) -> None:
    topic = harness.create_topic()
    refused = harness.expect_error(
        "PublishBatch", TopicArn=topic, PublishBatchRequestEntries=[{"Id": key, "Message": "m"}]
    )
    assert refused == ("InvalidBatchEntryId", f"The Id of a batch entry in the batch request {reason}")


def test_each_entry_of_a_batch_is_accepted_or_refused_separately(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "sqs", QUEUE)
    entries = [{"Id": "one", "Message": "1"}, {"Id": "two", "Message": ""}, {"Id": "three", "Message": "3"}]
    answer = harness.sns("PublishBatch", TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [each["Id"] for each in answer["Successful"]] == ["one", "three"]
    assert answer["Failed"] == [
        {
            "Id": "two",
            "Code": "InvalidParameter",
            "Message": "Invalid parameter: Empty message",
            "SenderFault": True,
        }
    ]
    assert [loads(each["MessageBody"])["Message"] for each in harness.queued_messages()] == ["1", "3"]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([{"Id": str(number), "Message": "m"} for number in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "a", "Message": "m"}] * 2, "BatchEntryIdsNotDistinct"),
        ([{"Id": "a b", "Message": "m"}], "InvalidBatchEntryId"),
        ([{"Id": str(number), "Message": "x" * 150_000} for number in range(2)], "BatchRequestTooLong"),
    ],
)
def test_an_invalid_batch_is_refused_completely(harness: SnsHarness, entries: list[Json], code: str) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "sqs", QUEUE)
    assert harness.expect_error("PublishBatch", TopicArn=topic, PublishBatchRequestEntries=entries)[0] == code
    assert harness.queued_messages() == []


def test_a_mail_has_the_text_of_aws_and_the_display_name_of_the_topic(harness: SnsHarness) -> None:
    topic = harness.create_topic(DisplayName="Night watch")
    arn = harness.subscribe(topic, "email", "ops@example.com")
    message = harness.publish(topic, "the batch failed")
    (mail,) = harness.out.mail.sent
    assert mail["From"] == "Night watch <lamplighter@localhost>"
    assert (mail["To"], mail["Subject"]) == ("ops@example.com", "AWS Notification Message")
    assert mail["Message-ID"] == f"<{message}.{arn.rpartition(':')[2]}@sns.lamplighter>"
    assert mail["Date"] == "Thu, 01 Jan 2026 00:00:00 +0000"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().replace("\r\n", "\n") == (
        "the batch failed\n\n--\n"
        "If you wish to stop receiving notifications from this topic, please click or visit the link below to "
        "unsubscribe:\n"
        f"http://127.0.0.1:4566/unsubscribe.html?SubscriptionArn={arn}\n\n"
        "Please do not reply directly to this email.\n"
    )


def test_a_mail_can_have_any_text_and_subject(harness: SnsHarness) -> None:
    topic = harness.create_topic(DisplayName='The "night" — 夜')
    harness.subscribe(topic, "email", "ops@example.com")
    harness.publish(topic, "실패 " * 1000 + "\nFrom here\n.\n" + "x" * 5000, Subject="실패: 야간 배치 " + "아" * 50)
    (mail,) = harness.out.mail.sent
    assert mail["Subject"] == "실패: 야간 배치 " + "아" * 50
    assert "From here\n.\n" in mail.get_content().replace("\r\n", "\n")
    assert mail.as_bytes()


def test_an_email_json_subscription_gets_the_json_document(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "email-json", "robot@example.com")
    message = harness.publish(topic, Subject="Night")
    (mail,) = harness.out.mail.sent
    assert mail["Subject"] == "Night"
    assert loads(mail.get_content())["MessageId"] == message
