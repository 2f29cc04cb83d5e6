"""Read and write the tasks that move the messages of a dead-letter queue."""

from dataclasses import dataclass

from lamplighter.store.db import Reader, Tx
from lamplighter.store.rows import Table

RUNNING = "RUNNING"


@dataclass(frozen=True, slots=True)
class MoveTask:
    """A message move task."""

    id: int
    handle: str
    source: str
    """The ARN of the queue from which messages are moved."""
    destination: str | None
    """The ARN of the destination, or None to move each message back to its source queue."""
    rate: int | None
    """The most messages a second, or None for no limit."""
    status: str
    started: int
    """When the task started, in milliseconds since the epoch."""
    moved: int
    total: int
    """The number of messages in the queue at the start."""
    failure: str | None = None


MOVES = Table("sqs_moves", MoveTask)


put = MOVES.insert
"""Insert a new message move task, ignoring its id; return the id of the row."""
get = MOVES.find_by("id")
"""Return a task by its id, or None."""
get_by_handle = MOVES.find_by("handle")
"""Return a task by its handle, or None."""


def latest(reader: Reader, source: str, most: int) -> list[MoveTask]:
    """Return the tasks of a source queue, the newest first."""
    return MOVES.select(reader, "source = ? ORDER BY id DESC LIMIT ?", source, most)


def update_progress(tx: Tx, key: int, status: str, moved: int, failure: str | None = None) -> None:
    """Update the status and the progress of a task."""
    tx.execute("UPDATE sqs_moves SET status = ?, moved = ?, failure = ? WHERE id = ?", (status, moved, failure, key))


def delete_old(tx: Tx, source: str, keep_count: int) -> None:
    """Delete all but the newest tasks of a source queue."""
    sql = (
        "DELETE FROM sqs_moves WHERE source = ? AND id NOT IN "
        "(SELECT id FROM sqs_moves WHERE source = ? ORDER BY id DESC LIMIT ?)"
    )
    tx.execute(sql, (source, source, keep_count))
