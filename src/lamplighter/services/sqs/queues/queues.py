"""Create, delete, purge, list, configure and tag queues.

See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html and the related pages.
"""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from lamplighter.base.aws import arn
from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.operations.pages import Pages
from lamplighter.services.sqs.errors import (
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidParameterValue,
    PurgeQueueInProgress,
    QueueDeletedRecently,
    QueueDoesNotExist,
    QueueNameExists,
    check_range,
)
from lamplighter.services.sqs.messages.queue_messages import QueueMessages
from lamplighter.services.sqs.queue_urls import check_name, find_queue
from lamplighter.services.sqs.queues import dead_letter_queues, queue_attributes
from lamplighter.services.sqs.queues.queue_attributes import COUNT_ATTRIBUTES
from lamplighter.services.sqs.tables import message_counts, messages, queues
from lamplighter.services.sqs.tables.queues import SERVICE, Queue
from lamplighter.store import timers
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import sqs as aws

COOLDOWN_MILLISECONDS = 60_000
"""Milliseconds for which a deleted queue's name stays reserved, and a purged queue cannot be purged again."""
MAX_PAGE_SIZE = 1000
PAGES = Pages(lambda: InvalidParameterValue("Invalid or expired next token."), default_size=MAX_PAGE_SIZE)
IGNORED_RECEIVES = 3
"""The number of receives from which on a message of a standard queue does not count for the age of the oldest one."""


class Queues:
    """The operations on queues; `url` is the engine's URL, as callers reach it."""

    def __init__(self, world: World, url: str, queue_messages: QueueMessages) -> None:
        self._world = world
        self._base_url = url
        self._queue_messages = queue_messages

    def _url(self, queue: Queue) -> str:
        return f"{self._base_url}/{queue.account}/{queue.name}"

    def create(self, tx: Tx, caller: Caller, params: "aws.CreateQueueInput") -> "aws.CreateQueueOutput":
        """Create a queue, or return the existing one if no attribute differs (CreateQueue)."""
        attributes = params.get("Attributes", {})
        # Measured against AWS: it accepts any case.
        given = {name: value.lower() if name == "FifoQueue" else value for name, value in attributes.items()}
        fifo = given.get("FifoQueue") == "true"
        name = check_name(params["QueueName"], fifo=fifo)
        key = arn.build(SERVICE, caller.region, caller.account, name)
        merged = queue_attributes.merge_attributes({}, given, fifo=fifo)
        dead_letter_queues.check_policies(tx, key, merged, fifo=fifo)
        queue = queues.get(tx, caller.account, caller.region, name)
        if queue is not None:
            _check_same_attributes(queue, given)
            return {"QueueUrl": self._url(queue)}
        deleted = queues.deleted_at(tx, caller.account, caller.region, name)
        if deleted is not None and self._world.monotonic() < deleted + COOLDOWN_MILLISECONDS:
            raise QueueDeletedRecently
        now, tags = tx.now, params.get("tags", {})
        target = _dead_letter_queue_arn(merged)
        queue = Queue(0, caller.account, caller.region, name, now, now, merged, tags, target)
        queues.put(tx, queue)
        return {"QueueUrl": self._url(queue)}

    def get_url(self, reader: Reader, caller: Caller, params: "aws.GetQueueUrlInput") -> "aws.GetQueueUrlOutput":
        """Return the URL of a queue (GetQueueUrl)."""
        owner = params.get("QueueOwnerAWSAccountId", caller.account)
        queue = require(queues.get(reader, owner, caller.region, params["QueueName"]), QueueDoesNotExist)
        return {"QueueUrl": self._url(queue)}

    def list(self, reader: Reader, caller: Caller, params: "aws.ListQueuesInput") -> "aws.ListQueuesOutput":
        """List queues (ListQueues).

        "You must set MaxResults to receive a value for NextToken"; without it, the caller receives up to 1,000 queues.
        """
        read = partial(queues.page, reader, caller.account, caller.region, prefix=params.get("QueueNamePrefix", ""))
        answer = self._page("QueueUrls", params, read)
        return answer if answer["QueueUrls"] else {}

    def list_sources(self, reader: Reader, caller: Caller, params: "aws.ListDeadLetterSourceQueuesInput") -> Json:
        """List the queues whose dead-letter queue is this queue (ListDeadLetterSourceQueues)."""
        queue = find_queue(reader, caller, params["QueueUrl"])
        return self._page("queueUrls", params, partial(queues.dead_letter_sources, reader, queue.arn))

    def _page(self, field: str, params: Json, read: Callable[[str, int], Sequence[Queue]]) -> Json:
        if "MaxResults" in params:
            check_range(params["MaxResults"], "MaxResults", 1, MAX_PAGE_SIZE)
        answer: dict[str, Json] = PAGES.page(field, params, "", read, self._url, lambda queue: queue.name)
        if "MaxResults" not in params:
            answer.pop(PAGES.token_name, None)
        return answer

    def delete(self, tx: Tx, caller: Caller, params: "aws.DeleteQueueInput") -> None:
        """Delete a queue with all of its messages (DeleteQueue)."""
        queue, now = find_queue(tx, caller, params["QueueUrl"]), self._world.monotonic()
        queues.delete_old_names(tx, now - COOLDOWN_MILLISECONDS)
        queues.delete(tx, queue, now)
        self._delete_detached_messages(tx, queue)

    def purge(self, tx: Tx, caller: Caller, params: "aws.PurgeQueueInput") -> None:
        """Delete all messages that are in the queue now, including those in flight (PurgeQueue)."""
        queue, now = find_queue(tx, caller, params["QueueUrl"]), self._world.monotonic()
        if queue.purged is not None and now < queue.purged + COOLDOWN_MILLISECONDS:
            raise PurgeQueueInProgress(queue.name)
        queues.empty_queue(tx, queue, now)
        self._delete_detached_messages(tx, queue)

    def _delete_detached_messages(self, tx: Tx, queue: Queue) -> None:
        """Schedule the deletion of messages that belong to no queue any more; they are deleted in slices."""
        timers.delete_all(tx, SERVICE, str(queue.id))
        self._queue_messages.sweep_soon(tx, queue.id)

    def get_attributes(
        self, reader: Reader, caller: Caller, params: "aws.GetQueueAttributesInput"
    ) -> "aws.GetQueueAttributesOutput":
        """Return the requested attributes of a queue (GetQueueAttributes)."""
        queue = find_queue(reader, caller, params["QueueUrl"])
        requested = params.get("AttributeNames", [])
        found = _readable_attributes(queue)
        if {"All", *COUNT_ATTRIBUTES} & set(requested):
            found |= self._counts(reader, queue)
        for name in requested:
            if name not in queue_attributes.READABLE_ATTRIBUTES:
                raise InvalidAttributeName(name)
        answer = found if "All" in requested else {name: found[name] for name in requested if name in found}
        return {"Attributes": answer} if answer else {}

    def _counts(self, reader: Reader, queue: Queue) -> dict[str, str]:
        in_flight, delayed = messages.count_hidden(reader, queue.id, self._world.monotonic())
        counts = (max(queue.messages - in_flight - delayed, 0), in_flight, delayed)
        return {name: str(count) for name, count in zip(COUNT_ATTRIBUTES, counts, strict=True)}

    def set_attributes(self, tx: Tx, caller: Caller, params: "aws.SetQueueAttributesInput") -> None:
        """Change attributes; a new MessageRetentionPeriod also applies to existing messages (SetQueueAttributes)."""
        queue, given = find_queue(tx, caller, params["QueueUrl"]), params["Attributes"]
        if queue.fifo and given.get("FifoQueue", "true") != "true":
            raise InvalidAttributeValue("FifoQueue", "Modifying queue type is not supported.")
        merged = queue_attributes.merge_attributes(queue.attributes, given, fifo=queue.fifo)
        changed = {name: merged[name] for name in given if name in merged}
        dead_letter_queues.check_policies(tx, queue.arn, changed, fifo=queue.fifo)
        queues.set_attributes(tx, queue.id, merged, _dead_letter_queue_arn(merged), tx.now)
        if "MessageRetentionPeriod" in given:
            self._queue_messages.sweep_soon(tx, queue.id)


def measure_messages(reader: Reader, caller: Caller, params: Json) -> Json:
    """Return [minute, samples, sum, smallest, largest] of one of CloudWatch's metrics of a queue (MeasureMessages).

    The operation exists on the bus only; it is not in AWS's models, so clients cannot call it. Messages that a redrive
    policy or a move task brings are not counted: "If a message is moved to a DLQ as a result of a failed processing
    attempt, it isn't captured by this metric." See
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html.
    """
    owner, times = (caller.account, caller.region, params["queue"]), (params["start"], params["end"])
    return message_counts.counts_by_minute(reader, *owner, params["metric"], *times)


def measure_age(reader: Reader, caller: Caller, params: Json) -> Json:
    """Return the milliseconds since the oldest message came into a queue, or None if no message counts (MeasureAge).

    The operation exists on the bus only, for CloudWatch's metric ApproximateAgeOfOldestMessage. "For standard queues,
    if a message is received three or more times and not deleted, […] the metric then reflects the age of the next
    message"; "FIFO queues don't reorder messages". See
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html.
    """
    queue = find_queue(reader, caller, params["QueueUrl"])
    oldest = messages.oldest_arrival(reader, queue.id, sys.maxsize if queue.fifo else IGNORED_RECEIVES)
    return None if oldest is None else params["now"] - oldest


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


def find_policy(reader: Reader, _caller: Caller, params: Json) -> Json:
    """Return the policies of a queue, as texts, for IAM's decisions; AWS has no such operation."""
    place = arn.parse_known(params["Resource"])
    text = queues.policy_of(reader, place.account, place.region, place.resource)
    return {"Policies": [] if text is None else [text]}
