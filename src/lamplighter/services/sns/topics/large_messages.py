"""Check the subscriptions of topics that take messages of more than 256 KiB.

"A topic with a MaximumMessageSize above 256 KiB must have 100 or fewer subscriptions, and each subscription must be an
Amazon SQS, Amazon Data Firehose, or Lambda subscription": see
https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html.
"""

from lamplighter.services.sns.errors import InvalidParameter, SubscriptionLimitExceeded
from lamplighter.services.sns.messages.message import MAX_BYTES
from lamplighter.services.sns.subscriptions.protocols import FIREHOSE, LAMBDA, SQS
from lamplighter.services.sns.tables import subscriptions
from lamplighter.services.sns.tables.topics import Topic
from lamplighter.store.db import Reader

MAX_SIZE = "MaximumMessageSize"
MAX_SUBSCRIPTIONS = 100
PROTOCOLS = frozenset({SQS, FIREHOSE, LAMBDA})
"""The protocols that deliver large messages."""


def check_new_size(reader: Reader, topic: Topic, name: str, value: str) -> None:
    """Raise `InvalidParameter` for a size above 256 KiB if the topic's subscriptions do not allow it."""
    if name != MAX_SIZE or not _is_large(value):
        return
    found = subscriptions.page_of_topic(reader, topic.arn, "", MAX_SUBSCRIPTIONS + 1)
    if len(found) > MAX_SUBSCRIPTIONS or any(each.protocol not in PROTOCOLS for each in found):
        raise InvalidParameter(MAX_SIZE)


def check_new_subscription(reader: Reader, topic: Topic, protocol: str) -> None:
    """Raise an AWS error if the topic takes large messages, and this subscription would not fit."""
    if not _is_large(topic.attributes.get(MAX_SIZE, "")):
        return
    if protocol not in PROTOCOLS:
        raise InvalidParameter(f"Invalid protocol type: {protocol}")
    if len(subscriptions.page_of_topic(reader, topic.arn, "", MAX_SUBSCRIPTIONS)) == MAX_SUBSCRIPTIONS:
        raise SubscriptionLimitExceeded


def _is_large(size: str) -> bool:
    return bool(size) and int(size) > MAX_BYTES
