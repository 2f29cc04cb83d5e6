"""FIFO topics: once in five minutes, and in order.

https://docs.aws.amazon.com/sns/latest/dg/sns-fifo-topics.html
"""

from lamplighter.base.json_text import Json, loads
from tests.engine_harness import ACCOUNT, REGION
from tests.services.sns.sns_harness import HOOK, QUEUE, SnsHarness

FIFO_QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders.fifo"
MINUTE = 60_000


def fifo(harness: SnsHarness, **attributes: str) -> str:
    return harness.topic("orders.fifo", FifoTopic="true", **attributes)


def publish(harness: SnsHarness, topic: str, message: str, group: str = "g", **params: Json) -> Json:
    return harness.sns("Publish", TopicArn=topic, Message=message, MessageGroupId=group, **params)


def sent(harness: SnsHarness, queue: str = "orders.fifo") -> list[str]:
    return [loads(each["MessageBody"])["Message"] for each in harness.queued(queue)]


def test_a_fifo_queue_gets_group_and_deduplication_and_a_standard_one_neither(harness: SnsHarness) -> None:
    topic = fifo(harness)
    harness.subscribe(topic, "sqs", FIFO_QUEUE)
    harness.subscribe(topic, "sqs", QUEUE)
    publish(harness, topic, "one", MessageDeduplicationId="d")
    (ordered,), (loose,) = harness.queued("orders.fifo"), harness.queued()
    assert (ordered["MessageGroupId"], ordered["MessageDeduplicationId"]) == ("g", "d")
    assert set(loose) == {"QueueUrl", "MessageBody"}


def test_messages_are_numbered_and_keep_their_order(harness: SnsHarness) -> None:
    topic = fifo(harness, ContentBasedDeduplication="true")
    harness.subscribe(topic, "sqs", FIFO_QUEUE)
    numbers = [publish(harness, topic, f"{number}")["SequenceNumber"] for number in range(12)]
    assert numbers == sorted(numbers)
    assert {len(number) for number in numbers} == {20}
    assert sent(harness) == [f"{number}" for number in range(12)]
    assert [loads(each["MessageBody"])["SequenceNumber"] for each in harness.queued("orders.fifo")] == numbers


def test_a_message_is_taken_once_in_five_minutes_even_across_a_crash(harness: SnsHarness) -> None:
    topic = fifo(harness)
    harness.subscribe(topic, "sqs", FIFO_QUEUE)
    first = publish(harness, topic, "one", MessageDeduplicationId="d")
    harness.restart()
    harness.advance(5 * MINUTE - 1)
    assert publish(harness, topic, "other", MessageDeduplicationId="d") == first
    assert sent(harness) == ["one"]
    harness.advance(1)
    assert publish(harness, topic, "third", MessageDeduplicationId="d") != first
    assert sent(harness) == ["one", "third"]


def test_content_tells_messages_apart_where_the_topic_says_so(harness: SnsHarness) -> None:
    topic = fifo(harness, ContentBasedDeduplication="true")
    harness.subscribe(topic, "sqs", FIFO_QUEUE)
    for message in ("one", "one", "two"):
        publish(harness, topic, message)
    assert sent(harness) == ["one", "two"]


def test_deduplication_is_within_the_group_where_the_topic_says_so(harness: SnsHarness) -> None:
    topic = fifo(harness, ContentBasedDeduplication="true", FifoThroughputScope="MessageGroup")
    harness.subscribe(topic, "sqs", FIFO_QUEUE)
    for group in ("a", "b", "a"):
        publish(harness, topic, "same", group)
    assert [each["MessageGroupId"] for each in harness.queued("orders.fifo")] == ["a", "b"]


def test_a_batch_is_deduplicated_within_itself(harness: SnsHarness) -> None:
    topic = fifo(harness, ContentBasedDeduplication="true")
    harness.subscribe(topic, "sqs", FIFO_QUEUE)
    entries = [{"Id": str(number), "Message": "same", "MessageGroupId": "g"} for number in range(3)]
    answer = harness.sns("PublishBatch", TopicArn=topic, PublishBatchRequestEntries=entries)
    assert len({each["MessageId"] for each in answer["Successful"]}) == 1
    assert sent(harness) == ["same"]


def test_a_message_without_group_or_deduplication_is_refused(harness: SnsHarness) -> None:
    topic = fifo(harness)
    assert harness.refused("Publish", TopicArn=topic, Message="m")[1] == (
        "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"
    )
    assert harness.refused("Publish", TopicArn=topic, Message="m", MessageGroupId="g")[1] == (
        "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
        "provided explicitly"
    )
    refused = harness.refused("Publish", TopicArn=topic, Message="m", MessageGroupId="a b", MessageDeduplicationId="d")
    assert refused[1] == "Invalid parameter: MessageGroupId"


def test_a_fifo_topic_delivers_to_queues_and_a_standard_one_not_to_fifo_queues(harness: SnsHarness) -> None:
    refused = harness.refused("Subscribe", TopicArn=fifo(harness), Protocol="http", Endpoint=HOOK)
    assert refused[1].startswith("Invalid parameter: Protocol")
    refused = harness.refused("Subscribe", TopicArn=harness.topic(), Protocol="sqs", Endpoint=FIFO_QUEUE)
    assert "FIFO SQS Queues can not be subscribed to standard SNS topics" in refused[1]


def test_a_standard_topic_hands_the_group_on(harness: SnsHarness) -> None:
    topic = harness.topic()
    harness.subscribe(topic, "sqs", QUEUE)
    publish(harness, topic, "m", "tenant-7")
    assert harness.queued()[0]["MessageGroupId"] == "tenant-7"


def test_a_fifo_topic_shows_its_order(harness: SnsHarness) -> None:
    shown = harness.sns("GetTopicAttributes", TopicArn=fifo(harness))["Attributes"]
    assert (shown["FifoTopic"], shown["ContentBasedDeduplication"], shown["FifoThroughputScope"]) == (
        "true",
        "false",
        "Topic",
    )
