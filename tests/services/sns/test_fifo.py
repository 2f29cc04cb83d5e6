"""FIFO topics: once in five minutes, and in order.

https://docs.aws.amazon.com/sns/latest/dg/sns-fifo-topics.html
"""

from lamplighter.base.json_text import Json, loads
from tests.engines import ACCOUNT, REGION
from tests.services.sns.town import HOOK, QUEUE, Town

FIFO_QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders.fifo"
MINUTE = 60_000


def fifo(town: Town, **attributes: str) -> str:
    return town.topic("orders.fifo", FifoTopic="true", **attributes)


def publish(town: Town, topic: str, message: str, group: str = "g", **params: Json) -> Json:
    return town.sns("Publish", TopicArn=topic, Message=message, MessageGroupId=group, **params)


def sent(town: Town, queue: str = "orders.fifo") -> list[str]:
    return [loads(each["MessageBody"])["Message"] for each in town.queued(queue)]


def test_a_fifo_queue_gets_group_and_deduplication_and_a_standard_one_neither(town: Town) -> None:
    topic = fifo(town)
    town.subscribe(topic, "sqs", FIFO_QUEUE)
    town.subscribe(topic, "sqs", QUEUE)
    publish(town, topic, "one", MessageDeduplicationId="d")
    (ordered,), (loose,) = town.queued("orders.fifo"), town.queued()
    assert (ordered["MessageGroupId"], ordered["MessageDeduplicationId"]) == ("g", "d")
    assert set(loose) == {"QueueUrl", "MessageBody"}


def test_messages_are_numbered_and_keep_their_order(town: Town) -> None:
    topic = fifo(town, ContentBasedDeduplication="true")
    town.subscribe(topic, "sqs", FIFO_QUEUE)
    numbers = [publish(town, topic, f"{number}")["SequenceNumber"] for number in range(12)]
    assert numbers == sorted(numbers)
    assert {len(number) for number in numbers} == {20}
    assert sent(town) == [f"{number}" for number in range(12)]
    assert [loads(each["MessageBody"])["SequenceNumber"] for each in town.queued("orders.fifo")] == numbers


def test_a_message_is_taken_once_in_five_minutes_even_across_a_crash(town: Town) -> None:
    topic = fifo(town)
    town.subscribe(topic, "sqs", FIFO_QUEUE)
    first = publish(town, topic, "one", MessageDeduplicationId="d")
    town.restart()
    town.advance(5 * MINUTE - 1)
    assert publish(town, topic, "other", MessageDeduplicationId="d") == first
    assert sent(town) == ["one"]
    town.advance(1)
    assert publish(town, topic, "third", MessageDeduplicationId="d") != first
    assert sent(town) == ["one", "third"]


def test_content_tells_messages_apart_where_the_topic_says_so(town: Town) -> None:
    topic = fifo(town, ContentBasedDeduplication="true")
    town.subscribe(topic, "sqs", FIFO_QUEUE)
    for message in ("one", "one", "two"):
        publish(town, topic, message)
    assert sent(town) == ["one", "two"]


def test_deduplication_is_within_the_group_where_the_topic_says_so(town: Town) -> None:
    topic = fifo(town, ContentBasedDeduplication="true", FifoThroughputScope="MessageGroup")
    town.subscribe(topic, "sqs", FIFO_QUEUE)
    for group in ("a", "b", "a"):
        publish(town, topic, "same", group)
    assert [each["MessageGroupId"] for each in town.queued("orders.fifo")] == ["a", "b"]


def test_a_batch_is_deduplicated_within_itself(town: Town) -> None:
    topic = fifo(town, ContentBasedDeduplication="true")
    town.subscribe(topic, "sqs", FIFO_QUEUE)
    entries = [{"Id": str(number), "Message": "same", "MessageGroupId": "g"} for number in range(3)]
    answer = town.sns("PublishBatch", TopicArn=topic, PublishBatchRequestEntries=entries)
    assert len({each["MessageId"] for each in answer["Successful"]}) == 1
    assert sent(town) == ["same"]


def test_a_message_without_group_or_deduplication_is_refused(town: Town) -> None:
    topic = fifo(town)
    assert town.refused("Publish", TopicArn=topic, Message="m")[1] == (
        "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"
    )
    assert town.refused("Publish", TopicArn=topic, Message="m", MessageGroupId="g")[1] == (
        "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
        "provided explicitly"
    )
    refused = town.refused("Publish", TopicArn=topic, Message="m", MessageGroupId="a b", MessageDeduplicationId="d")
    assert refused[1] == "Invalid parameter: MessageGroupId"


def test_a_fifo_topic_delivers_to_queues_and_a_standard_one_not_to_fifo_queues(town: Town) -> None:
    refused = town.refused("Subscribe", TopicArn=fifo(town), Protocol="http", Endpoint=HOOK)
    assert refused[1].startswith("Invalid parameter: Protocol")
    refused = town.refused("Subscribe", TopicArn=town.topic(), Protocol="sqs", Endpoint=FIFO_QUEUE)
    assert "FIFO SQS Queues can not be subscribed to standard SNS topics" in refused[1]


def test_a_standard_topic_hands_the_group_on(town: Town) -> None:
    topic = town.topic()
    town.subscribe(topic, "sqs", QUEUE)
    publish(town, topic, "m", "tenant-7")
    assert town.queued()[0]["MessageGroupId"] == "tenant-7"


def test_a_fifo_topic_shows_its_order(town: Town) -> None:
    shown = town.sns("GetTopicAttributes", TopicArn=fifo(town))["Attributes"]
    assert (shown["FifoTopic"], shown["ContentBasedDeduplication"], shown["FifoThroughputScope"]) == (
        "true",
        "false",
        "Topic",
    )
