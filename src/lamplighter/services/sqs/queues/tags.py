"""Implement the tags of queues: TagQueue, UntagQueue and ListQueueTags.

"Adding more than 50 tags to a queue isn't recommended", so more are accepted. See
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-tags.html.
"""

from typing import TYPE_CHECKING

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.tags import TagFormat, TagOperations, TagRules
from lamplighter.services.sqs.queue_urls import find_queue
from lamplighter.services.sqs.tables import queues
from lamplighter.store.db import Reader

if TYPE_CHECKING:
    from aws_types import sqs as aws

RULES = TagRules(TagFormat("QueueUrl", "Tags", "TagKeys", key=None, value=""))
OPERATIONS = TagOperations(
    RULES, find_queue, lambda queue: queue.tags, lambda tx, queue, tags: queues.tag(tx, queue.id, tags)
)


def list_tags(reader: Reader, caller: Caller, params: "aws.ListQueueTagsInput") -> Json:
    """Handle ListQueueTags; the answer for a queue without tags has no member `Tags`."""
    return {name: tags for name, tags in OPERATIONS.list(reader, caller, params).items() if tags}
