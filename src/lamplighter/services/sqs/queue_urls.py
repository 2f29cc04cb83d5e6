"""Names, URLs and ARNs of queues, and tokens of pages.

A queue's URL ends in `/account/name`, whatever it begins with: old URLs stay good when the engine listens elsewhere.
See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html.
"""

import re
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from urllib.parse import urlsplit

from lamplighter.base import arn
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.sqs.errors import InvalidAddress, InvalidParameterValue, QueueDoesNotExist, invalid_value
from lamplighter.services.sqs.tables import queues
from lamplighter.services.sqs.tables.queues import Queue
from lamplighter.store.db import Reader

NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
FIFO_NAME = re.compile(r"(?=.{1,80}\Z)[A-Za-z0-9_-]+\.fifo")
PATH = re.compile(r"/([0-9]{12})/([^/]+)/?")
PAGE = 1000


@dataclass(frozen=True, slots=True)
class QueueUrls:
    """Where the engine listens, as its callers reach it."""

    base: str

    def of(self, queue: Queue) -> str:
        """The URL of a queue."""
        return f"{self.base}/{queue.account}/{queue.name}"


def check_name(name: str, *, fifo: bool) -> str:
    """The name of a new queue, if it is one."""
    if fifo and not FIFO_NAME.fullmatch(name):
        raise InvalidParameterValue(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
            "must end with .fifo suffix and be 1 to 80 in length."
        )
    if not fifo and not NAME.fullmatch(name):
        raise InvalidParameterValue(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
    return name


def find_queue(reader: Reader, caller: Caller, url: str) -> Queue:
    """The queue that a URL names, in the caller's region."""
    try:
        found = PATH.fullmatch(urlsplit(url).path)
    except ValueError:
        found = None
    if found is None:
        raise InvalidAddress(url)
    queue = queues.get(reader, found[1], caller.region, found[2])
    if queue is None:
        raise QueueDoesNotExist
    return queue


def find_by_arn(reader: Reader, text: str) -> Queue | None:
    """The queue that an ARN names."""
    found = arn.parse(text)
    if found is None or found.service != "sqs":
        return None
    return queues.get(reader, found.account, found.region, found.resource)


def page_size(params: Json) -> int:
    """How many items a page has."""
    most: int = params.get("MaxResults", PAGE)
    if not 1 <= most <= PAGE:
        raise invalid_value(most, "MaxResults", f"Must be between 1 and {PAGE}, if provided.")
    return most


def page_token(name: str) -> str:
    """Where the next page begins, as a token."""
    return urlsafe_b64encode(name.encode()).decode()


def read_page_token(params: Json) -> str:
    """The name after which a page begins."""
    try:
        return b64decode(params.get("NextToken", "").encode(), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise InvalidParameterValue("Invalid or expired next token.") from None
