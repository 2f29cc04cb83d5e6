"""Read and write queues, and the names of recently deleted queues."""

from dataclasses import dataclass

from lamplighter.base import arn
from lamplighter.base.json_text import dumps, loads
from lamplighter.store.db import Reader, Row, Tx

COLUMNS = "id, account, region, name, created, modified, attributes, tags, purged, messages"


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue."""

    id: int
    """The key of the queue's messages; a purge gives the queue a new one."""
    account: str
    region: str
    name: str
    created: int
    """When the queue was created, in milliseconds since the epoch, like `modified`."""
    modified: int
    attributes: dict[str, str]
    """The attributes that were set, by AWS's names."""
    tags: dict[str, str]
    purged: int | None
    """When the queue was last purged, on the steady clock."""
    messages: int
    """The number of messages, including expired ones that are not deleted yet."""

    @property
    def arn(self) -> str:
        """The ARN of the queue."""
        return arn.build("sqs", self.region, self.account, self.name)

    @property
    def fifo(self) -> bool:
        """Whether the queue is a FIFO queue."""
        return self.name.endswith(".fifo")


def _queue(row: Row) -> Queue:
    key, account, region, name, created, modified, attributes, tags, purged, messages = row
    return Queue(key, account, region, name, created, modified, loads(attributes), loads(tags), purged, messages)


def get(reader: Reader, account: str, region: str, name: str) -> Queue | None:
    """Return a queue by its name, or None."""
    sql = f"SELECT {COLUMNS} FROM sqs_queues WHERE account = ? AND region = ? AND name = ?"  # noqa: S608 - our own columns
    row = reader.row(sql, (account, region, name))
    return _queue(row) if row else None


def get_by_id(reader: Reader, key: int) -> Queue | None:
    """Return the queue with this key, or None if its messages no longer belong to a queue."""
    row = reader.row(f"SELECT {COLUMNS} FROM sqs_queues WHERE id = ?", (key,))  # noqa: S608
    return _queue(row) if row else None


def page(reader: Reader, account: str, region: str, prefix: str, after: str, most: int) -> list[Queue]:
    """Return queues of an account and region with a prefix, after a name, in order of name."""
    sql = (
        f"SELECT {COLUMNS} FROM sqs_queues WHERE account = ? AND region = ? "  # noqa: S608
        "AND name > ? AND name >= ? AND name < ? ORDER BY name LIMIT ?"
    )
    end = f"{prefix}\U0010ffff"
    return [_queue(row) for row in reader.rows(sql, (account, region, after, prefix, end, most))]


def dead_letter_sources(reader: Reader, dead_letter: str, after: str, most: int) -> list[Queue]:
    """Return queues whose dead-letter queue has this ARN, after a name, in order of name."""
    sql = f"SELECT {COLUMNS} FROM sqs_queues WHERE dead_letter = ? AND name > ? ORDER BY name LIMIT ?"  # noqa: S608
    return [_queue(row) for row in reader.rows(sql, (dead_letter, after, most))]


def dead_letter_queue(reader: Reader, key: int) -> str | None:
    """Return the ARN of a queue's dead-letter queue, or None."""
    row = reader.row("SELECT dead_letter FROM sqs_queues WHERE id = ?", (key,))
    return row[0] if row else None


def put(tx: Tx, queue: Queue, dead_letter: str | None) -> int:
    """Insert a new queue, ignoring its id; return the id of the row."""
    sql = (
        "INSERT INTO sqs_queues (account, region, name, created, modified, attributes, tags, dead_letter, purged, "
        "messages) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"
    )
    values = (queue.account, queue.region, queue.name, queue.created, queue.modified)
    return tx.insert(sql, (*values, dumps(queue.attributes), dumps(queue.tags), dead_letter, queue.purged))


def set_attributes(tx: Tx, key: int, attributes: dict[str, str], dead_letter: str | None, modified: int) -> None:
    """Replace the attributes of a queue."""
    sql = "UPDATE sqs_queues SET attributes = ?, dead_letter = ?, modified = ? WHERE id = ?"
    tx.execute(sql, (dumps(attributes), dead_letter, modified, key))


def tag(tx: Tx, key: int, tags: dict[str, str]) -> None:
    """Replace the tags of a queue."""
    tx.execute("UPDATE sqs_queues SET tags = ? WHERE id = ?", (dumps(tags), key))


def empty_queue(tx: Tx, queue: Queue, now: int) -> None:
    """Detach all messages of a queue by giving it a new key, which takes the same time for any number of messages."""
    target = dead_letter_queue(tx, queue.id)
    tx.execute("DELETE FROM sqs_queues WHERE id = ?", (queue.id,))
    key = put(tx, queue, target)
    tx.execute("UPDATE sqs_queues SET purged = ? WHERE id = ?", (now, key))


def delete(tx: Tx, queue: Queue, now: int) -> None:
    """Delete a queue and remember its name."""
    tx.execute("DELETE FROM sqs_queues WHERE id = ?", (queue.id,))
    sql = "INSERT OR REPLACE INTO sqs_deleted (account, region, name, deleted) VALUES (?, ?, ?, ?)"
    tx.execute(sql, (queue.account, queue.region, queue.name, now))


def deleted_at(reader: Reader, account: str, region: str, name: str) -> int | None:
    """Return when a queue of this name was deleted, on the steady clock, or None if that is not remembered."""
    sql = "SELECT deleted FROM sqs_deleted WHERE account = ? AND region = ? AND name = ?"
    row = reader.row(sql, (account, region, name))
    return row[0] if row else None


def delete_old_names(tx: Tx, before: int) -> None:
    """Delete the names of queues that were deleted before a time."""
    tx.execute("DELETE FROM sqs_deleted WHERE deleted < ?", (before,))
