"""Messages of queues, found by when they can be received: what takes no row takes no time, however many there are."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields

from lamplighter.store.db import Reader, Tx


@dataclass(frozen=True, slots=True)
class Message:
    """One message in a queue. Times are of the steady clock unless said otherwise."""

    id: int
    """Its place in the order of sending."""
    queue: int
    uuid: str
    body: str
    attributes: str
    """JSON text."""
    trace: str | None
    sender: str
    sent: int
    """By the wall clock."""
    enqueued: int
    """From when it is kept for as long as its queue says."""
    visible: int
    """From when it can be received."""
    tries: int = 0
    """How often it was received from this queue."""
    received: int = 0
    """How often it was received from all queues: what a receipt counts by."""
    first: int | None = None
    """When it was received for the first time, by the wall clock."""
    taken: int | None = None
    """When it was received for the last time."""
    grp: str | None = None
    dedup: str | None = None
    source: str | None = None
    """The ARN of the queue that gave it up."""


NAMES = [each.name for each in fields(Message)]
COLUMNS = ", ".join(NAMES)
INSERT = f"INSERT INTO sqs_messages ({', '.join(NAMES[1:])}) VALUES ({', '.join('?' * (len(NAMES) - 1))})"  # noqa: S608
SELECT = f"SELECT {COLUMNS} FROM sqs_messages"  # noqa: S608 - our own columns


def put(tx: Tx, message: Message) -> int:
    """Keep a new message, whose id is ignored; its id."""
    return tx.insert(INSERT, astuple(message)[1:])


def get(reader: Reader, queue: int, key: int) -> Message | None:
    """A message by its id, if it is in this queue."""
    row = reader.row(f"{SELECT} WHERE id = ? AND queue = ?", (key, queue))
    return Message(*row) if row else None


def available(reader: Reader, queue: int, now: int, most: int) -> list[Message]:
    """Messages that can be received, those first that could be for longest."""
    sql = f"{SELECT} WHERE queue = ? AND visible <= ? ORDER BY visible, tries, id LIMIT ?"
    return [Message(*row) for row in reader.rows(sql, (queue, now, most))]


def page(reader: Reader, queue: int, after: tuple[int, int, int], most: int) -> list[Message]:
    """Messages in the order in which they can be received, after a place in it: when, how often received, id."""
    sql = f"{SELECT} WHERE queue = ? AND (visible, tries, id) > (?, ?, ?) ORDER BY visible, tries, id LIMIT ?"
    return [Message(*row) for row in reader.rows(sql, (queue, *after, most))]


def next_visible(reader: Reader, queue: int) -> int | None:
    """From when the first message can be received."""
    row = reader.row("SELECT min(visible) FROM sqs_messages WHERE queue = ?", (queue,))
    return row[0] if row else None


def count_hidden(reader: Reader, queue: int, now: int) -> tuple[int, int]:
    """How many messages cannot be received now: those in flight, and those that were never received."""
    sql = "SELECT sum(tries > 0), sum(tries = 0) FROM sqs_messages WHERE queue = ? AND visible > ?"
    row = reader.row(sql, (queue, now))
    assert row is not None
    return row[0] or 0, row[1] or 0


def save_receive(tx: Tx, message: Message) -> None:
    """Keep what a receive made of a message."""
    sql = "UPDATE sqs_messages SET visible = ?, tries = ?, received = ?, first = ?, taken = ? WHERE id = ?"
    values = (message.visible, message.tries, message.received, message.first, message.taken)
    tx.execute(sql, (*values, message.id))


def set_visible_at(tx: Tx, key: int, visible: int) -> None:
    """Change from when a message can be received."""
    tx.execute("UPDATE sqs_messages SET visible = ? WHERE id = ?", (visible, key))


def delete(tx: Tx, keys: Iterable[int]) -> None:
    """Forget messages."""
    tx.many("DELETE FROM sqs_messages WHERE id = ?", [(key,) for key in keys])


def oldest_enqueued(reader: Reader, queue: int) -> int | None:
    """From when the message is kept that is kept for longest."""
    row = reader.row("SELECT min(enqueued) FROM sqs_messages WHERE queue = ?", (queue,))
    return row[0] if row else None


def enqueued_before(reader: Reader, queue: int, before: int, most: int) -> list[tuple[int, str | None]]:
    """Messages that are kept since a time or longer, each with its group."""
    sql = "SELECT id, grp FROM sqs_messages WHERE queue = ? AND enqueued <= ? ORDER BY enqueued LIMIT ?"
    return [(row[0], row[1]) for row in reader.rows(sql, (queue, before, most))]
