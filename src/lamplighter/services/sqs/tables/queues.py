"""Queues, and the names of queues that were deleted a moment ago."""

from dataclasses import dataclass

from lamplighter.base import arn
from lamplighter.base.json_text import dumps, loads
from lamplighter.store.db import Reader, Row, Tx

COLUMNS = "id, account, region, name, created, modified, attributes, tags, purged, messages"


@dataclass(frozen=True, slots=True)
class Queue:
    """What messages are sent to."""

    id: int
    """Where its messages are; a purge gives it a new one."""
    account: str
    region: str
    name: str
    created: int
    """Milliseconds since the epoch, as `modified`."""
    modified: int
    attributes: dict[str, str]
    """Those that were set, by AWS's names."""
    tags: dict[str, str]
    purged: int | None
    """When it was purged, on the steady clock."""
    messages: int
    """How many there are, those included that have expired and are not swept away yet."""

    @property
    def arn(self) -> str:
        """What names it everywhere."""
        return arn.build("sqs", self.region, self.account, self.name)

    @property
    def fifo(self) -> bool:
        """Whether it keeps the order of its messages."""
        return self.name.endswith(".fifo")


def _queue(row: Row) -> Queue:
    key, account, region, name, created, modified, attributes, tags, purged, messages = row
    return Queue(key, account, region, name, created, modified, loads(attributes), loads(tags), purged, messages)


def get(reader: Reader, account: str, region: str, name: str) -> Queue | None:
    """A queue by its name."""
    sql = f"SELECT {COLUMNS} FROM sqs_queues WHERE account = ? AND region = ? AND name = ?"  # noqa: S608 - our own columns
    row = reader.row(sql, (account, region, name))
    return _queue(row) if row else None


def by_id(reader: Reader, key: int) -> Queue | None:
    """The queue whose messages are there; None where they belong to none any more."""
    row = reader.row(f"SELECT {COLUMNS} FROM sqs_queues WHERE id = ?", (key,))  # noqa: S608
    return _queue(row) if row else None


def page(reader: Reader, account: str, region: str, prefix: str, after: str, most: int) -> list[Queue]:
    """Queues of an account and region whose names begin so and come after one, in order of name."""
    sql = (
        f"SELECT {COLUMNS} FROM sqs_queues WHERE account = ? AND region = ? "  # noqa: S608
        "AND name > ? AND name >= ? AND name < ? ORDER BY name LIMIT ?"
    )
    end = f"{prefix}\U0010ffff"
    return [_queue(row) for row in reader.rows(sql, (account, region, after, prefix, end, most))]


def dead_letter_sources(reader: Reader, dead_letter: str, after: str, most: int) -> list[Queue]:
    """Queues whose dead letters go to a queue and whose names come after one, in order of name."""
    sql = f"SELECT {COLUMNS} FROM sqs_queues WHERE dead_letter = ? AND name > ? ORDER BY name LIMIT ?"  # noqa: S608
    return [_queue(row) for row in reader.rows(sql, (dead_letter, after, most))]


def dead_letter_queue(reader: Reader, key: int) -> str | None:
    """The ARN of a queue's dead-letter queue."""
    row = reader.row("SELECT dead_letter FROM sqs_queues WHERE id = ?", (key,))
    return row[0] if row else None


def put(tx: Tx, queue: Queue, dead_letter: str | None) -> int:
    """Keep a new queue, whose id is ignored; its id."""
    sql = (
        "INSERT INTO sqs_queues (account, region, name, created, modified, attributes, tags, dead_letter, purged, "
        "messages) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"
    )
    values = (queue.account, queue.region, queue.name, queue.created, queue.modified)
    return tx.insert(sql, (*values, dumps(queue.attributes), dumps(queue.tags), dead_letter, queue.purged))


def change(tx: Tx, key: int, attributes: dict[str, str], dead_letter: str | None, modified: int) -> None:
    """Replace the attributes of a queue."""
    sql = "UPDATE sqs_queues SET attributes = ?, dead_letter = ?, modified = ? WHERE id = ?"
    tx.execute(sql, (dumps(attributes), dead_letter, modified, key))


def tag(tx: Tx, key: int, tags: dict[str, str]) -> None:
    """Replace the tags of a queue."""
    tx.execute("UPDATE sqs_queues SET tags = ? WHERE id = ?", (dumps(tags), key))


def empty_queue(tx: Tx, queue: Queue, now: int) -> None:
    """Leave all messages of a queue behind, however many they are: from now on it keeps them elsewhere."""
    target = dead_letter_queue(tx, queue.id)
    tx.execute("DELETE FROM sqs_queues WHERE id = ?", (queue.id,))
    key = put(tx, queue, target)
    tx.execute("UPDATE sqs_queues SET purged = ? WHERE id = ?", (now, key))


def delete(tx: Tx, queue: Queue, now: int) -> None:
    """Forget a queue, and remember that there was one of its name."""
    tx.execute("DELETE FROM sqs_queues WHERE id = ?", (queue.id,))
    sql = "INSERT OR REPLACE INTO sqs_deleted (account, region, name, deleted) VALUES (?, ?, ?, ?)"
    tx.execute(sql, (queue.account, queue.region, queue.name, now))


def deleted_at(reader: Reader, account: str, region: str, name: str) -> int | None:
    """When a queue of this name was deleted, on the steady clock, as far as that is remembered."""
    sql = "SELECT deleted FROM sqs_deleted WHERE account = ? AND region = ? AND name = ?"
    row = reader.row(sql, (account, region, name))
    return row[0] if row else None


def forget_deleted(tx: Tx, before: int) -> None:
    """Forget the names of queues that were deleted before a time."""
    tx.execute("DELETE FROM sqs_deleted WHERE deleted < ?", (before,))
