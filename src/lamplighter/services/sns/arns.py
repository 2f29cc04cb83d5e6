"""Check the names and ARNs of SNS, and find the resources of ARNs."""

import re

from lamplighter.base.aws import arn
from lamplighter.base.aws.arn import Arn
from lamplighter.base.errors import require
from lamplighter.bus import Caller
from lamplighter.operations.pages import Pages
from lamplighter.services.sns.errors import InvalidParameter, NotFound
from lamplighter.services.sns.tables import subscriptions, topics
from lamplighter.services.sns.tables.subscriptions import Subscription
from lamplighter.services.sns.tables.topics import Topic
from lamplighter.store.db import Reader

TOPIC_NAME = re.compile("[A-Za-z0-9_-]{1,256}")
FIFO_SUFFIX = ".fifo"
PAGES = Pages(lambda: InvalidParameter("NextToken"))


def check_topic_name(name: str, *, fifo: bool) -> str:
    """Return a topic's name if it is valid; only the name of a FIFO topic ends with `.fifo`.

    Raises `InvalidParameter`.
    """
    stem = name.removesuffix(FIFO_SUFFIX) if fifo else name
    if not TOPIC_NAME.fullmatch(stem) or len(name) > 256 or name.endswith(FIFO_SUFFIX) != fifo:
        raise InvalidParameter("Topic Name")
    return name


def parse_arn(text: str, parameter: str) -> Arn:
    """Parse an ARN of SNS; `parameter` is the name of the parameter for the error. Raises `InvalidParameter`."""
    parts = text.split(":")
    if len(parts) < 6:
        raise InvalidParameter(parameter, f"An ARN must have at least 6 elements, not {len(parts)}")
    found = arn.parse(text)
    if found is None or found.service != "sns":
        raise InvalidParameter(parameter)
    return found


def find_topic(reader: Reader, text: str, parameter: str = "TopicArn") -> Topic:
    """Return the topic of an ARN. Raises `InvalidParameter` for a malformed ARN and `NotFound` if there is no such
    topic.
    """
    if ":" in parse_arn(text, parameter).resource:
        raise InvalidParameter(parameter)
    return require(topics.get(reader, text), lambda: NotFound("Topic does not exist"))


def find_own_topic(reader: Reader, caller: Caller, text: str, parameter: str = "TopicArn") -> Topic:
    """Return the topic of an ARN, which must be in the caller's region.

    Raises `InvalidParameter` or `NotFound`; see https://github.com/boto/boto3/issues/1084.
    """
    check_region(caller, text, parameter)
    return find_topic(reader, text, parameter)


def check_region(caller: Caller, text: str, parameter: str) -> None:
    """Raise `InvalidParameter` for an ARN that is malformed, or of another region than the caller's."""
    if parse_arn(text, parameter).region != caller.region:
        raise InvalidParameter(parameter)


def check_subscription_arn(text: str) -> str:
    """Return a subscription's ARN if it is well-formed. Raises `InvalidParameter`."""
    if len(parse_arn(text, "SubscriptionArn").resource.split(":")) != 2:
        raise InvalidParameter("SubscriptionId")
    return text


def find_subscription(reader: Reader, text: str) -> Subscription:
    """Return the subscription of an ARN. Raises `InvalidParameter` or `NotFound`."""
    found = subscriptions.get(reader, check_subscription_arn(text))
    if found is None or found.status == subscriptions.DELETED:
        raise NotFound("Subscription does not exist")
    return found
