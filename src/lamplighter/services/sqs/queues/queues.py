"""Create, delete, purge, list, configure and tag queues.

See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html and the related pages.
"""

from collections.abc import Sequence

from lamplighter.base import arn
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.operations.paging import encode_token
from lamplighter.services.sqs.errors import (
    InvalidAttributeName,
    InvalidAttributeValue,
    PurgeQueueInProgress,
    QueueDeletedRecently,
    QueueDoesNotExist,
    QueueNameExists,
)
from lamplighter.services.sqs.messages.queue_messages import SERVICE, QueueMessages
from lamplighter.services.sqs.queue_urls import (
    QueueUrls,
    check_name,
    find_queue,
    page_size,
    read_page_token,
)
from lamplighter.services.sqs.queues import dead_letter_queues, queue_attributes
from lamplighter.services.sqs.tables import messages, queues
from lamplighter.services.sqs.tables.queues import Queue
from lamplighter.store import timers
from lamplighter.store.db import Reader, Tx

COOLDOWN_MILLISECONDS = 60_000
"""Milliseconds for which a deleted queue's name stays reserved, and a purged queue cannot be purged again."""
COUNT_ATTRIBUTES = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class Queues:
    """The operations on queues."""

    def __init__(self, world: World, urls: QueueUrls, queue_messages: QueueMessages) -> None:
        self._world = world
        self._urls = urls
        self._queue_messages = queue_messages

    def create(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Create a queue, or return the existing one if no attribute differs (CreateQueue)."""
        given = params.get("Attributes", {})
        fifo = given.get("FifoQueue") == "true"
        name = check_name(params["QueueName"], fifo=fifo)
        key = arn.build("sqs", caller.region, caller.account, name)
        merged = queue_attributes.merge_attributes({}, given, fifo=fifo)
        dead_letter_queues.check_policies(tx, key, merged, fifo=fifo)
        queue = queues.get(tx, caller.account, caller.region, name)
        if queue is not None:
            _check_same_attributes(queue, given)
            return {"QueueUrl": self._urls.url_of(queue)}
        self._check_cooldown(tx, caller, name)
        now, tags = self._world.now(), params.get("tags", {})
        queue = Queue(0, caller.account, caller.region, name, now, now, merged, tags, None, 0)
        queues.put(tx, queue, _dead_letter_queue_arn(merged))
        return {"QueueUrl": self._urls.url_of(queue)}

    def get_url(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return the URL of a queue (GetQueueUrl)."""
        owner = params.get("QueueOwnerAWSAccountId", caller.account)
        queue = queues.get(reader, owner, caller.region, params["QueueName"])
        if queue is None:
            raise QueueDoesNotExist
        return {"QueueUrl": self._urls.url_of(queue)}

    def list(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """List queues (ListQueues).

        "You must set MaxResults to receive a value for NextToken"; without it, the caller receives up to 1,000 queues.
        """
        prefix, size, after = params.get("QueueNamePrefix", ""), page_size(params), read_page_token(params)
        found = queues.page(reader, caller.account, caller.region, prefix, after, size + 1)
        return self._page("QueueUrls", found, size, params)

    def list_sources(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """List the queues whose dead-letter queue is this queue (ListDeadLetterSourceQueues)."""
        queue, size = find_queue(reader, caller, params["QueueUrl"]), page_size(params)
        found = queues.dead_letter_sources(reader, queue.arn, read_page_token(params), size + 1)
        return {"queueUrls": [], **self._page("queueUrls", found, size, params)}

    def _page(self, member: str, found: Sequence[Queue], size: int, params: Json) -> Json:
        answer: dict[str, Json] = {member: [self._urls.url_of(queue) for queue in found[:size]]} if found else {}
        if len(found) > size and "MaxResults" in params:
            answer["NextToken"] = encode_token(found[size - 1].name)
        return answer

    def delete(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Delete a queue with all of its messages (DeleteQueue)."""
        queue, now = find_queue(tx, caller, params["QueueUrl"]), self._world.monotonic()
        queues.delete_old_names(tx, now - COOLDOWN_MILLISECONDS)
        queues.delete(tx, queue, now)
        self._delete_detached_messages(tx, queue)
        return {}

    def purge(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Delete all messages that are in the queue now, including those in flight (PurgeQueue)."""
        queue, now = find_queue(tx, caller, params["QueueUrl"]), self._world.monotonic()
        if queue.purged is not None and now < queue.purged + COOLDOWN_MILLISECONDS:
            raise PurgeQueueInProgress(queue.name)
        queues.empty_queue(tx, queue, now)
        self._delete_detached_messages(tx, queue)
        return {}

    def _delete_detached_messages(self, tx: Tx, queue: Queue) -> None:
        """Schedule the deletion of messages that belong to no queue any more; they are deleted in slices."""
        timers.delete_all(tx, SERVICE, str(queue.id))
        self._queue_messages.sweep_soon(tx, queue.id)

    def get_attributes(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return the requested attributes of a queue (GetQueueAttributes)."""
        queue = find_queue(reader, caller, params["QueueUrl"])
        requested = params.get("AttributeNames", [])
        found = _readable_attributes(queue) | (
            self._counts(reader, queue) if {"All", *COUNT_ATTRIBUTES} & set(requested) else {}
        )
        for name in requested:
            if name != "All" and name not in queue_attributes.READABLE_ATTRIBUTES and name not in COUNT_ATTRIBUTES:
                raise InvalidAttributeName(name)
        answer = found if "All" in requested else {name: found[name] for name in requested if name in found}
        return {"Attributes": answer} if answer else {}

    def _counts(self, reader: Reader, queue: Queue) -> dict[str, str]:
        in_flight, delayed = messages.count_hidden(reader, queue.id, self._world.monotonic())
        counts = (max(queue.messages - in_flight - delayed, 0), in_flight, delayed)
        return {name: str(count) for name, count in zip(COUNT_ATTRIBUTES, counts, strict=True)}

    def set_attributes(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Change attributes; a new MessageRetentionPeriod also applies to existing messages (SetQueueAttributes)."""
        queue, given = find_queue(tx, caller, params["QueueUrl"]), params["Attributes"]
        if given.get("FifoQueue", "true") != "true" or ("FifoQueue" in given and not queue.fifo):
            raise InvalidAttributeValue("FifoQueue", "Modifying queue type is not supported.")
        merged = queue_attributes.merge_attributes(queue.attributes, given, fifo=queue.fifo)
        changed = {name: merged[name] for name in given if name in merged}
        dead_letter_queues.check_policies(tx, queue.arn, changed, fifo=queue.fifo)
        queues.set_attributes(tx, queue.id, merged, _dead_letter_queue_arn(merged), self._world.now())
        if "MessageRetentionPeriod" in given:
            self._queue_messages.sweep_soon(tx, queue.id)
        return {}

    def _check_cooldown(self, reader: Reader, caller: Caller, name: str) -> None:
        deleted = queues.deleted_at(reader, caller.account, caller.region, name)
        if deleted is not None and self._world.monotonic() < deleted + COOLDOWN_MILLISECONDS:
            raise QueueDeletedRecently


def _dead_letter_queue_arn(given: dict[str, str]) -> str | None:
    redrive = dead_letter_queues.redrive_policy(given)
    return redrive.target if redrive else None


def _check_same_attributes(queue: Queue, given: dict[str, str]) -> None:
    # "Amazon SQS returns this error only if the request includes attributes whose values differ from those of the
    # existing queue."
    existing = queue_attributes.with_defaults(queue.attributes, fifo=queue.fifo)
    for name, value in given.items():
        if not queue_attributes.is_same_value(name, existing.get(name), value):
            raise QueueNameExists(name)


def _readable_attributes(queue: Queue) -> dict[str, str]:
    """Return all attributes except the counts of messages."""
    return {
        "QueueArn": queue.arn,
        "CreatedTimestamp": str(queue.created // 1000),
        "LastModifiedTimestamp": str(queue.modified // 1000),
        **queue_attributes.with_defaults(queue.attributes, fifo=queue.fifo),
    }
