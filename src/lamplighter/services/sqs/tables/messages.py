"""Read and write messages; indexes find them by the time when they can be received, however many there are."""

from collections.abc import Iterable
from dataclasses import dataclass

from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table


@dataclass(frozen=True, slots=True)
class Message:
    """A message in a queue. Times are on the steady clock, in milliseconds, unless stated otherwise."""

    id: int
    """The message's position in the order of sending."""
    queue: int
    uuid: str
    body: str
    attributes: str
    """The message attributes as JSON text."""
    trace: str | None
    sender: str
    sent: int
    """When the message was sent, by the wall clock."""
    enqueued: int
    """When the retention period began."""
    visible: int
    """When the message can be received."""
    receives: int = 0
    """The number of receives from this queue."""
    total_receives: int = 0
    """The number of receives from all queues, which receipt handles contain."""
    first_received: int | None = None
    """When the message was first received, by the wall clock."""
    last_received: int | None = None
    """When the message was last received."""
    group_id: str | None = None
    deduplication_id: str | None = None
    source: str | None = None
    """The ARN of the queue that moved the message to this dead-letter queue."""


MESSAGES = Table("sqs_messages", Message)


put = MESSAGES.insert
"""Insert a new message, ignoring its id; return the id of the row."""
get = MESSAGES.find_by("queue", "id")
"""Return a message by its id, or None if it is not in this queue."""


def available(reader: Reader, queue: int, now: int, most: int) -> list[Message]:
    """Return messages that can be received now, those first that became visible first."""
    where = "queue = ? AND visible <= ? ORDER BY visible, receives, id LIMIT ?"
    return MESSAGES.select(reader, where, queue, now, most)


def page(reader: Reader, queue: int, after: tuple[int, int, int], most: int) -> list[Message]:
    """Return messages in the order in which they can be received, after a position (visible, receives, id)."""
    where = "queue = ? AND (visible, receives, id) > (?, ?, ?) ORDER BY visible, receives, id LIMIT ?"
    return MESSAGES.select(reader, where, queue, *after, most)


def next_visible(reader: Reader, queue: int) -> int | None:
    """Return when the first message can be received, or None if there is none."""
    return reader.value("SELECT min(visible) FROM sqs_messages WHERE queue = ?", (queue,))


def count_hidden(reader: Reader, queue: int, now: int) -> tuple[int, int]:
    """Return the numbers of hidden messages: those in flight, and those delayed that were never received."""
    sql = "SELECT sum(receives > 0), sum(receives = 0) FROM sqs_messages WHERE queue = ? AND visible > ?"
    ((in_flight, delayed),) = reader.rows(sql, (queue, now))
    return in_flight or 0, delayed or 0


def save_receive(tx: Tx, message: Message) -> None:
    """Update the fields that a receive changed."""
    changes = "visible = ?, receives = ?, total_receives = ?, first_received = ?, last_received = ?"
    sql = f"UPDATE sqs_messages SET {changes} WHERE id = ?"  # noqa: S608
    values = (message.visible, message.receives, message.total_receives, message.first_received, message.last_received)
    tx.execute(sql, (*values, message.id))


def set_visible_at(tx: Tx, key: int, visible: int) -> None:
    """Change when a message can be received."""
    tx.execute("UPDATE sqs_messages SET visible = ? WHERE id = ?", (visible, key))


def delete(tx: Tx, keys: Iterable[int]) -> None:
    """Delete messages."""
    tx.execute_many("DELETE FROM sqs_messages WHERE id = ?", [(key,) for key in keys])


def oldest_enqueued(reader: Reader, queue: int) -> int | None:
    """Return when the retention period of the oldest message began, or None if there is no message."""
    return reader.value("SELECT min(enqueued) FROM sqs_messages WHERE queue = ?", (queue,))


def oldest_arrival(reader: Reader, queue: int, max_receives: int) -> int | None:
    """Return when the oldest message came that was received fewer times than `max_receives`, or None.

    A dead letter keeps the beginning of its retention period; until its first receive, `visible` is when it was moved.
    """
    arrival = "CASE WHEN source IS NOT NULL AND receives = 0 THEN visible ELSE enqueued END"
    where = "queue = ? AND receives < ? ORDER BY enqueued LIMIT 1"
    return reader.value(f"SELECT {arrival} FROM sqs_messages WHERE {where}", (queue, max_receives))  # noqa: S608


def enqueued_before(reader: Reader, queue: int, before: int, most: int) -> list[tuple[int, str | None]]:
    """Return id and group of messages whose retention period began at a time or earlier, the oldest first."""
    sql = "SELECT id, group_id FROM sqs_messages WHERE queue = ? AND enqueued <= ? ORDER BY enqueued LIMIT ?"
    return [(row[0], row[1]) for row in reader.rows(sql, (queue, before, most))]
