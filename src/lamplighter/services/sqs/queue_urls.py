"""Check the names of queues, and find queues by their URLs and ARNs.

A queue's URL ends in `/account/name`; the part before that is ignored, so old URLs stay valid when the engine listens
elsewhere. The name alone stands for the caller's own queue, as on AWS, whose SDKs describe how to send it:
https://github.com/aws/aws-sdk-js-v3/pull/6337.
See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html.
"""

import re
from urllib.parse import urlsplit

from lamplighter.base.aws import arn
from lamplighter.base.errors import require
from lamplighter.bus import Caller
from lamplighter.services.sqs.errors import InvalidAddress, InvalidParameterValue, QueueDoesNotExist
from lamplighter.services.sqs.tables import queues
from lamplighter.services.sqs.tables.queues import SERVICE, Queue
from lamplighter.store.db import Reader

QUEUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
FIFO_QUEUE_NAME = re.compile(r"(?=.{1,80}\Z)[A-Za-z0-9_-]+\.fifo")
QUEUE_PATH = re.compile(r"/([0-9]{12})/([^/]+)/?")


def check_name(name: str, *, fifo: bool) -> str:
    """Check the requested name of a new queue and return it. Raises `InvalidParameterValue` if it is not valid."""
    if fifo and not FIFO_QUEUE_NAME.fullmatch(name):
        raise InvalidParameterValue(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
            "must end with .fifo suffix and be 1 to 80 in length."
        )
    if not fifo and not QUEUE_NAME.fullmatch(name):
        raise InvalidParameterValue(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
    return name


def find_queue(reader: Reader, caller: Caller, url: str) -> Queue:
    """Return the queue that a URL or a name stands for, in the caller's region.

    Raises `QueueDoesNotExist` or `InvalidAddress`.
    """
    if QUEUE_NAME.fullmatch(url) or FIFO_QUEUE_NAME.fullmatch(url):
        return require(queues.get(reader, caller.account, caller.region, url), QueueDoesNotExist)
    try:
        found = QUEUE_PATH.fullmatch(urlsplit(url).path)
    except ValueError:
        found = None
    if found is None:
        raise InvalidAddress(url)
    return require(queues.get(reader, found[1], caller.region, found[2]), QueueDoesNotExist)


def find_by_arn(reader: Reader, text: str) -> Queue | None:
    """Return the queue that an ARN names, or None."""
    found = arn.parse(text)
    if found is None or found.service != SERVICE:
        return None
    return queues.get(reader, found.account, found.region, found.resource)
