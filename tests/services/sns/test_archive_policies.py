"""Test the policies that archive and replay messages: they are checked, stored and returned.

https://docs.aws.amazon.com/sns/latest/dg/fifo-message-archiving-replay.html
"""

import pytest

from lamplighter.base.json_text import Json, dumps
from tests.services.sns.sns_harness import QUEUE, SnsHarness

START = "2026-01-01T00:00:00.000Z"


def set_archive(harness: SnsHarness, topic: str, policy: Json) -> None:
    harness.sns("SetTopicAttributes", TopicArn=topic, AttributeName="ArchivePolicy", AttributeValue=dumps(policy))


def test_a_topic_with_an_active_archive_policy_cannot_be_deleted(harness: SnsHarness) -> None:
    topic = harness.create_topic("orders.fifo", FifoTopic="true", ArchivePolicy='{"MessageRetentionPeriod":"30"}')
    assert harness.expect_error("DeleteTopic", TopicArn=topic)[0] == "InvalidState"
    set_archive(harness, topic, {})
    harness.sns("DeleteTopic", TopicArn=topic)
    assert harness.sns("ListTopics") == {"Topics": []}


@pytest.mark.parametrize("policy", [{"MessageRetentionPeriod": 366}, {"MessageRetentionPeriod": "0"}, {"Days": 3}, []])
def test_an_archive_policy_keeps_messages_for_one_day_to_a_year(harness: SnsHarness, policy: Json) -> None:
    topic = harness.create_topic("orders.fifo", FifoTopic="true")
    refused = harness.expect_error(
        "SetTopicAttributes", TopicArn=topic, AttributeName="ArchivePolicy", AttributeValue=dumps(policy)
    )
    assert refused[0] == "InvalidParameter"


def test_a_standard_topic_has_no_archive(harness: SnsHarness) -> None:
    refused = harness.expect_error(
        "SetTopicAttributes",
        TopicArn=harness.create_topic(),
        AttributeName="ArchivePolicy",
        AttributeValue='{"MessageRetentionPeriod":"30"}',
    )
    assert refused == ("InvalidParameter", "Invalid parameter: AttributeName")


@pytest.mark.parametrize(
    "policy",
    [
        {"PointType": "Sequence", "StartingPoint": START},
        {"PointType": "Timestamp"},
        {"PointType": "Timestamp", "StartingPoint": "yesterday"},
        {"PointType": "Timestamp", "StartingPoint": START, "EndingPoint": START},
    ],
)
def test_a_replay_policy_names_a_time_and_perhaps_a_later_one(harness: SnsHarness, policy: Json) -> None:
    topic = harness.create_topic("orders.fifo", FifoTopic="true")
    arn = harness.subscribe(topic, "sqs", QUEUE)
    change = {"SubscriptionArn": arn, "AttributeName": "ReplayPolicy"}
    assert harness.expect_error("SetSubscriptionAttributes", AttributeValue=dumps(policy), **change)[0] == (
        "InvalidParameter"
    )
    valid = dumps({"PointType": "Timestamp", "StartingPoint": START})
    harness.sns("SetSubscriptionAttributes", AttributeValue=valid, **change)
    assert harness.get_subscription_attributes(arn)["ReplayPolicy"] == valid
