"""Remember recent requests to FIFO queues, so that a repeated request changes nothing.

Both kinds of rows expire. They are deleted when a row is added and when their queue is swept.
"""

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.store.db import Reader, Tx

TABLES = ("sqs_sent", "sqs_attempts")
SWEEP_BATCH_SIZE = 20
"""The most expired rows to delete from each table when a row is added."""


def find_sent(reader: Reader, queue: int, scope: str, deduplication_id: str, now: int) -> tuple[str, int] | None:
    """Return the UUID and the id of the message that was sent with a deduplication id, or None."""
    sql = "SELECT uuid, message FROM sqs_sent WHERE queue = ? AND scope = ? AND deduplication_id = ? AND until > ?"
    row = reader.row(sql, (queue, scope, deduplication_id, now))
    return (row[0], row[1]) if row else None


def remember_sent(
    tx: Tx, queue: int, scope: str, deduplication_id: str, uuid: str, message: int, now: int, until: int
) -> None:
    """Remember a sent message under its deduplication id."""
    sweep(tx, queue, now, SWEEP_BATCH_SIZE)
    columns = "queue, scope, deduplication_id, uuid, message, until"
    sql = f"INSERT OR REPLACE INTO sqs_sent ({columns}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608
    tx.execute(sql, (queue, scope, deduplication_id, uuid, message, until))


def find_attempt(reader: Reader, queue: int, name: str, now: int) -> Json:
    """Return what a receive attempt received, or None if the attempt is unknown or has expired."""
    row = reader.row("SELECT taken FROM sqs_attempts WHERE queue = ? AND attempt = ? AND until > ?", (queue, name, now))
    return loads(row[0]) if row else None


def remember_attempt(tx: Tx, queue: int, name: str, taken: Json, now: int, until: int) -> None:
    """Remember what a receive attempt received."""
    sweep(tx, queue, now, SWEEP_BATCH_SIZE)
    sql = "INSERT OR REPLACE INTO sqs_attempts (queue, attempt, taken, until) VALUES (?, ?, ?, ?)"
    tx.execute(sql, (queue, name, dumps(taken), until))


def sweep(tx: Tx, queue: int, now: int, most: int) -> int:
    """Delete expired rows of a queue, at most `most` from each table; return the number of rows."""
    return sum(_delete(tx, table, "queue = ? AND until <= ?", (queue, now, most)) for table in TABLES)


def clear(tx: Tx, queue: int, most: int) -> int:
    """Delete rows of a queue that no longer exists, at most `most` from each table; return the number of rows."""
    return sum(_delete(tx, table, "queue = ?", (queue, most)) for table in TABLES)


def _delete(tx: Tx, table: str, where: str, parameters: tuple[int, ...]) -> int:
    return tx.execute(f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {where} LIMIT ?)", parameters)  # noqa: S608
