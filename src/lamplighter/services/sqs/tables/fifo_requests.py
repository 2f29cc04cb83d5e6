"""What was asked of FIFO queues a moment ago, so that asking it again changes nothing.

Both kinds of rows end by the clock, and are swept away by whoever adds one, and when their queue is swept.
"""

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.store.db import Reader, Tx

TABLES = ("sqs_sent", "sqs_attempts")
SWEPT = 20
"""How many rows are swept away for one that comes."""


def find_sent(reader: Reader, queue: int, scope: str, dedup: str, now: int) -> tuple[str, int] | None:
    """The message that was sent under a deduplication id: its UUID and its id."""
    sql = "SELECT uuid, message FROM sqs_sent WHERE queue = ? AND scope = ? AND dedup = ? AND until > ?"
    row = reader.row(sql, (queue, scope, dedup, now))
    return (row[0], row[1]) if row else None


def remember_sent(tx: Tx, queue: int, scope: str, dedup: str, uuid: str, message: int, now: int, until: int) -> None:
    """A message was sent."""
    sweep(tx, queue, now, SWEPT)
    sql = "INSERT OR REPLACE INTO sqs_sent (queue, scope, dedup, uuid, message, until) VALUES (?, ?, ?, ?, ?, ?)"
    tx.execute(sql, (queue, scope, dedup, uuid, message, until))


def find_attempt(reader: Reader, queue: int, name: str, now: int) -> Json:
    """What an attempt to receive has taken; None where it is not known."""
    row = reader.row("SELECT taken FROM sqs_attempts WHERE queue = ? AND attempt = ? AND until > ?", (queue, name, now))
    return loads(row[0]) if row else None


def remember_attempt(tx: Tx, queue: int, name: str, taken: Json, now: int, until: int) -> None:
    """An attempt has taken messages."""
    sweep(tx, queue, now, SWEPT)
    sql = "INSERT OR REPLACE INTO sqs_attempts (queue, attempt, taken, until) VALUES (?, ?, ?, ?)"
    tx.execute(sql, (queue, name, dumps(taken), until))


def sweep(tx: Tx, queue: int, now: int, most: int) -> int:
    """Sweep away what has ended; how many rows."""
    return sum(_delete(tx, table, "queue = ? AND until <= ?", (queue, now, most)) for table in TABLES)


def clear(tx: Tx, queue: int, most: int) -> int:
    """Forget what was asked of a queue that is no more; how many rows were forgotten."""
    return sum(_delete(tx, table, "queue = ?", (queue, most)) for table in TABLES)


def _delete(tx: Tx, table: str, where: str, parameters: tuple[int, ...]) -> int:
    return tx.execute(f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {where} LIMIT ?)", parameters)  # noqa: S608
