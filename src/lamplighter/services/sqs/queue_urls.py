"""Build and parse names, URLs and ARNs of queues, and page tokens.

A queue's URL ends in `/account/name`; the part before that is ignored, so old URLs stay valid when the engine listens
elsewhere.
See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from lamplighter.base import arn
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.paging import decode_token
from lamplighter.services.sqs.errors import InvalidAddress, InvalidParameterValue, QueueDoesNotExist, invalid_value
from lamplighter.services.sqs.tables import queues
from lamplighter.services.sqs.tables.queues import Queue
from lamplighter.store.db import Reader

QUEUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
FIFO_QUEUE_NAME = re.compile(r"(?=.{1,80}\Z)[A-Za-z0-9_-]+\.fifo")
QUEUE_PATH = re.compile(r"/([0-9]{12})/([^/]+)/?")
MAX_PAGE_SIZE = 1000


@dataclass(frozen=True, slots=True)
class QueueUrls:
    """The engine's URL, as callers reach it, and the queues' URLs under it."""

    base: str

    def url_of(self, queue: Queue) -> str:
        """Return the URL of a queue."""
        return f"{self.base}/{queue.account}/{queue.name}"


def check_name(name: str, *, fifo: bool) -> str:
    """Return the name of a new queue. Raises `InvalidParameterValue` if it is not valid."""
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
    """Return the queue that a URL names, in the caller's region. Raises `QueueDoesNotExist` or `InvalidAddress`."""
    try:
        found = QUEUE_PATH.fullmatch(urlsplit(url).path)
    except ValueError:
        found = None
    if found is None:
        raise InvalidAddress(url)
    queue = queues.get(reader, found[1], caller.region, found[2])
    if queue is None:
        raise QueueDoesNotExist
    return queue


def find_by_arn(reader: Reader, text: str) -> Queue | None:
    """Return the queue that an ARN names, or None."""
    found = arn.parse(text)
    if found is None or found.service != "sqs":
        return None
    return queues.get(reader, found.account, found.region, found.resource)


def page_size(params: Json) -> int:
    """Return the number of items on a page."""
    most: int = params.get("MaxResults", MAX_PAGE_SIZE)
    if not 1 <= most <= MAX_PAGE_SIZE:
        raise invalid_value(most, "MaxResults", f"Must be between 1 and {MAX_PAGE_SIZE}, if provided.")
    return most


def read_page_token(params: Json) -> str:
    """Return the name after which the requested page begins."""
    return decode_token(params.get("NextToken"), lambda: InvalidParameterValue("Invalid or expired next token."))
