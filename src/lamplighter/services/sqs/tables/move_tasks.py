"""Tasks that move the messages of a dead-letter queue."""

from dataclasses import dataclass

from lamplighter.store.db import Reader, Tx

COLUMNS = "id, handle, source, destination, rate, status, started, moved, total, failure"
RUNNING = "RUNNING"


@dataclass(frozen=True, slots=True)
class MoveTask:
    """One task."""

    id: int
    handle: str
    source: str
    """The ARN of the queue that is emptied."""
    destination: str | None
    """An ARN; None: each message goes back to where it came from."""
    rate: int | None
    """Messages a second."""
    status: str
    started: int
    """Milliseconds since the epoch."""
    moved: int
    total: int
    """How many messages there were at the start."""
    failure: str | None = None


def put(tx: Tx, move: MoveTask) -> int:
    """Keep a new task, whose id is ignored; its id."""
    sql = (
        "INSERT INTO sqs_moves (handle, source, destination, rate, status, started, moved, total, failure) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    )
    values = (move.handle, move.source, move.destination, move.rate, move.status, move.started)
    return tx.insert(sql, (*values, move.moved, move.total, move.failure))


def get(reader: Reader, key: int) -> MoveTask | None:
    """A task by its id."""
    row = reader.row(f"SELECT {COLUMNS} FROM sqs_moves WHERE id = ?", (key,))  # noqa: S608 - our own columns
    return MoveTask(*row) if row else None


def by_handle(reader: Reader, handle: str) -> MoveTask | None:
    """A task by its handle."""
    row = reader.row(f"SELECT {COLUMNS} FROM sqs_moves WHERE handle = ?", (handle,))  # noqa: S608
    return MoveTask(*row) if row else None


def latest(reader: Reader, source: str, most: int) -> list[MoveTask]:
    """The tasks that empty a queue, the newest first."""
    sql = f"SELECT {COLUMNS} FROM sqs_moves WHERE source = ? ORDER BY id DESC LIMIT ?"  # noqa: S608
    return [MoveTask(*row) for row in reader.rows(sql, (source, most))]


def change(tx: Tx, key: int, status: str, moved: int, failure: str | None = None) -> None:
    """A task has come further."""
    tx.execute("UPDATE sqs_moves SET status = ?, moved = ?, failure = ? WHERE id = ?", (status, moved, failure, key))


def forget(tx: Tx, source: str, kept: int) -> None:
    """Forget all but the newest tasks of a queue."""
    sql = (
        "DELETE FROM sqs_moves WHERE source = ? AND id NOT IN "
        "(SELECT id FROM sqs_moves WHERE source = ? ORDER BY id DESC LIMIT ?)"
    )
    tx.execute(sql, (source, source, kept))
