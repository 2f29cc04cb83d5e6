"""Test FIFO topics: they keep the order of messages and drop duplicates within five minutes.

https://docs.aws.amazon.com/sns/latest/dg/sns-fifo-topics.html
"""

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from tests.engine_harness import ACCOUNT, REGION
from tests.services.sns.sns_harness import DEAD_LETTER_QUEUE, QUEUE, WEBHOOK, SnsHarness

FIFO_QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders.fifo"
MINUTE = 60_000


def create_fifo_topic(harness: SnsHarness, **attributes: str) -> str:
    return harness.create_topic("orders.fifo", FifoTopic="true", **attributes)


def publish(harness: SnsHarness, topic: str, message: str, group: str = "g", **params: Json) -> Json:
    return harness.sns("Publish", TopicArn=topic, Message=message, MessageGroupId=group, **params)


def list_sent_messages(harness: SnsHarness, queue: str = "orders.fifo") -> list[str]:
    return [loads(each["MessageBody"])["Message"] for each in harness.queued_messages(queue)]


def test_only_a_fifo_queue_gets_the_group_and_deduplication_ids(harness: SnsHarness) -> None:
    topic = create_fifo_topic(harness)
    harness.subscribe(topic, "sqs", FIFO_QUEUE)
    harness.subscribe(topic, "sqs", QUEUE)
    publish(harness, topic, "one", MessageDeduplicationId="d")
    (fifo_message,), (standard_message,) = harness.queued_messages("orders.fifo"), harness.queued_messages()
    assert (fifo_message["MessageGroupId"], fifo_message["MessageDeduplicationId"]) == ("g", "d")
    assert set(standard_message) == {"QueueUrl", "MessageBody"}


def test_messages_have_sequence_numbers_and_keep_their_order(harness: SnsHarness) -> None:
    topic = create_fifo_topic(harness, ContentBasedDeduplication="true")
    harness.subscribe(topic, "sqs", FIFO_QUEUE)
    numbers = [publish(harness, topic, f"{number}")["SequenceNumber"] for number in range(12)]
    assert numbers == sorted(numbers)
    assert {len(number) for number in numbers} == {20}
    assert list_sent_messages(harness) == [f"{number}" for number in range(12)]
    assert [loads(each["MessageBody"])["SequenceNumber"] for each in harness.queued_messages("orders.fifo")] == numbers


def test_a_duplicate_within_five_minutes_is_dropped_even_after_a_crash(harness: SnsHarness) -> None:
    topic = create_fifo_topic(harness)
    harness.subscribe(topic, "sqs", FIFO_QUEUE)
    first = publish(harness, topic, "one", MessageDeduplicationId="d")
    harness.restart()
    harness.advance(5 * MINUTE - 1)
    assert publish(harness, topic, "other", MessageDeduplicationId="d") == first
    assert list_sent_messages(harness) == ["one"]
    harness.advance(1)
    assert publish(harness, topic, "third", MessageDeduplicationId="d") != first
    assert list_sent_messages(harness) == ["one", "third"]


def test_content_based_deduplication_drops_messages_with_equal_content(harness: SnsHarness) -> None:
    topic = create_fifo_topic(harness, ContentBasedDeduplication="true")
    harness.subscribe(topic, "sqs", FIFO_QUEUE)
    for message in ("one", "one", "two"):
        publish(harness, topic, message)
    assert list_sent_messages(harness) == ["one", "two"]


def test_deduplication_applies_per_group_if_the_topic_says_so(harness: SnsHarness) -> None:
    topic = create_fifo_topic(harness, ContentBasedDeduplication="true", FifoThroughputScope="MessageGroup")
    harness.subscribe(topic, "sqs", FIFO_QUEUE)
    for group in ("a", "b", "a"):
        publish(harness, topic, "same", group)
    assert [each["MessageGroupId"] for each in harness.queued_messages("orders.fifo")] == ["a", "b"]


def test_equal_messages_of_one_batch_are_deduplicated(harness: SnsHarness) -> None:
    topic = create_fifo_topic(harness, ContentBasedDeduplication="true")
    harness.subscribe(topic, "sqs", FIFO_QUEUE)
    entries = [{"Id": str(number), "Message": "same", "MessageGroupId": "g"} for number in range(3)]
    answer = harness.sns("PublishBatch", TopicArn=topic, PublishBatchRequestEntries=entries)
    assert len({each["MessageId"] for each in answer["Successful"]}) == 1
    assert list_sent_messages(harness) == ["same"]


def test_a_message_without_a_valid_group_or_deduplication_id_is_refused(harness: SnsHarness) -> None:
    topic = create_fifo_topic(harness)
    assert harness.expect_error("Publish", TopicArn=topic, Message="m")[1] == (
        "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"
    )
    assert harness.expect_error("Publish", TopicArn=topic, Message="m", MessageGroupId="g")[1] == (
        "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
        "provided explicitly"
    )
    refused = harness.expect_error(
        "Publish", TopicArn=topic, Message="m", MessageGroupId="a b", MessageDeduplicationId="d"
    )
    assert refused[1] == "Invalid parameter: MessageGroupId"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({}, "The MessageGroupId parameter is required for FIFO topics"),
        (
            {"MessageGroupId": "g"},
            (
                "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
                "explicitly"
            ),
        ),
    ],
)
def test_one_entry_without_group_or_deduplication_id_refuses_the_whole_batch(
    harness: SnsHarness, entry: Json, reason: str
) -> None:
    topic = create_fifo_topic(harness)
    harness.subscribe(topic, "sqs", FIFO_QUEUE)
    entries = [
        {"Id": "1", "Message": "m", "MessageGroupId": "g", "MessageDeduplicationId": "d"},
        {"Id": "2", "Message": "m"} | entry,
    ]
    refused = harness.expect_error("PublishBatch", TopicArn=topic, PublishBatchRequestEntries=entries)
    assert refused == ("InvalidParameter", f"Invalid parameter: {reason}")
    assert list_sent_messages(harness) == []


def test_a_message_of_a_fifo_topic_has_a_sequence_number_and_no_signature(harness: SnsHarness) -> None:
    topic = create_fifo_topic(harness, ContentBasedDeduplication="true", SignatureVersion="2")
    harness.subscribe(topic, "sqs", FIFO_QUEUE)
    publish(harness, topic, "one")
    (sent,) = harness.queued_messages("orders.fifo")
    assert list(loads(sent["MessageBody"])) == [
        *("Type", "MessageId", "SequenceNumber", "TopicArn", "Message", "Timestamp", "UnsubscribeURL"),
    ]


def test_the_dead_letter_queue_of_a_fifo_queue_must_be_a_fifo_queue(harness: SnsHarness) -> None:
    topic = create_fifo_topic(harness)
    standard = {"AttributeName": "RedrivePolicy", "AttributeValue": dumps({"deadLetterTargetArn": DEAD_LETTER_QUEUE})}
    refused = harness.expect_error(
        "SetSubscriptionAttributes", SubscriptionArn=harness.subscribe(topic, "sqs", FIFO_QUEUE), **standard
    )
    assert refused[1] == (
        "Invalid parameter: RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic."
    )
    harness.sns("SetSubscriptionAttributes", SubscriptionArn=harness.subscribe(topic, "sqs", QUEUE), **standard)


def test_a_fifo_topic_refuses_webhooks_and_a_standard_topic_refuses_fifo_queues(harness: SnsHarness) -> None:
    refused = harness.expect_error("Subscribe", TopicArn=create_fifo_topic(harness), Protocol="http", Endpoint=WEBHOOK)
    assert refused[1] == "Invalid parameter: Invalid protocol type: http"
    refused = harness.expect_error("Subscribe", TopicArn=harness.create_topic(), Protocol="sqs", Endpoint=FIFO_QUEUE)
    assert "FIFO SQS Queues can not be subscribed to standard SNS topics" in refused[1]


def test_a_standard_topic_forwards_the_message_group_id(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.subscribe(topic, "sqs", QUEUE)
    publish(harness, topic, "m", "tenant-7")
    assert harness.queued_messages()[0]["MessageGroupId"] == "tenant-7"


def test_get_topic_attributes_returns_the_fifo_settings(harness: SnsHarness) -> None:
    shown = harness.sns("GetTopicAttributes", TopicArn=create_fifo_topic(harness))["Attributes"]
    assert (shown["FifoTopic"], shown["ContentBasedDeduplication"]) == ("true", "false")
    assert "FifoThroughputScope" not in shown
