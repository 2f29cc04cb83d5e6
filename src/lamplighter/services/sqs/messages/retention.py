"""Delete messages at the end of their retention period, and what a deleted queue has left, a slice at a time.

Each queue with messages has a timer for the end of its oldest message's retention period. Guarantees that no slice
holds up the engine for long. See
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html.
"""

import sys
from collections.abc import Sequence

from lamplighter.base.world import World
from lamplighter.services.sqs.queues.queue_attributes import numeric_attribute
from lamplighter.services.sqs.tables import fifo_requests, message_groups, messages
from lamplighter.services.sqs.tables.queues import SERVICE, Queue
from lamplighter.store import timers
from lamplighter.store.db import Tx

TIMER_NAME = "sweep"
SLICE_SIZE = 200
"""The most messages that one slice deletes."""
DELETE_BATCH_SIZE = 5
"""The messages that are deleted between two checks of the time."""
MAX_SLICE_MILLISECONDS = 20


def period_milliseconds(queue: Queue) -> int:
    """Return the retention period of a queue's messages."""
    return numeric_attribute(queue, "MessageRetentionPeriod") * 1000


def schedule_slice(tx: Tx, key: int, due: int) -> None:
    """Set the timer that deletes the next slice of a queue's messages."""
    timers.put(tx, timers.Timer(SERVICE, str(key), TIMER_NAME, due), steady_clock=True)


def delete_expired(tx: Tx, queue: Queue, world: World) -> set[str | None]:
    """Delete a slice of a queue's expired messages and set the next timer; return the deleted messages' groups."""
    now = world.monotonic()
    expired = messages.enqueued_before(tx, queue.id, now - period_milliseconds(queue), SLICE_SIZE)
    deleted = _delete_in_time(tx, expired, world)
    oldest = messages.oldest_enqueued(tx, queue.id)
    if fifo_requests.sweep(tx, queue.id, now, SLICE_SIZE):
        schedule_slice(tx, queue.id, now)
    elif oldest is not None:
        schedule_slice(tx, queue.id, max(now, oldest + period_milliseconds(queue)))
    return {group for _, group in deleted}


def delete_detached(tx: Tx, key: int, world: World) -> None:
    """Delete a slice of what a deleted or purged queue has left under `key`, and set the timer for the next slice."""
    now = world.monotonic()
    deleted = _delete_in_time(tx, messages.enqueued_before(tx, key, sys.maxsize, SLICE_SIZE), world)
    groups = message_groups.clear(tx, key, SLICE_SIZE)
    if len(deleted) + groups + fifo_requests.clear(tx, key, SLICE_SIZE):
        schedule_slice(tx, key, now)


def _delete_in_time(tx: Tx, aged: Sequence[tuple[int, str | None]], world: World) -> Sequence[tuple[int, str | None]]:
    """Delete as many messages as a short time allows; one of 1 MB takes as long as hundreds of small ones."""
    end = world.monotonic() + MAX_SLICE_MILLISECONDS
    for at in range(0, len(aged), DELETE_BATCH_SIZE):
        messages.delete(tx, (message for message, _ in aged[at : at + DELETE_BATCH_SIZE]))
        if world.monotonic() >= end:
            return aged[: at + DELETE_BATCH_SIZE]
    return aged
