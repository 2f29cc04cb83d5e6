"""Deliveries: calls to be delivered, and for two days after that the names of those that were.

The name of a delivery that is over is kept so that the same one, sent again, is known.
"""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.store.db import Reader, Tx

KEPT = 2 * 86_400_000
"""For how many milliseconds the name of a delivery that is over is kept: twice as long as one may take."""
SWEPT = 10
"""How many old names are forgotten for each delivery that is over."""


@dataclass(frozen=True, slots=True)
class PendingDelivery:
    """A delivery that is not over."""

    id: int
    key: str
    created: int
    attempts: int
    body: Json
    """None where it can't be read."""


def put(tx: Tx, sender: str, key: str, created: int, body: Json) -> int | None:
    """Keep a new delivery; its number, or None where its sender has sent it before."""
    sql = (
        "INSERT INTO deliveries (sender, key, created, attempts, body) VALUES (?, ?, ?, 0, ?) "
        "ON CONFLICT (sender, key) DO NOTHING RETURNING id"
    )
    row = tx.row(sql, (sender, key, created, dumps(body)))
    return row[0] if row is not None else None


def get(reader: Reader, id: int) -> PendingDelivery | None:  # noqa: A002 - what it is
    """A delivery that is not over."""
    row = reader.row("SELECT id, key, created, attempts, body FROM deliveries WHERE id = ? AND finished IS NULL", (id,))
    if row is None:
        return None
    number, key, created, attempts, body = row
    try:
        return PendingDelivery(number, key, created, attempts, loads(body))
    except JsonError:
        return PendingDelivery(number, key, created, attempts, None)


def count_attempt(tx: Tx, id: int) -> None:  # noqa: A002 - what it is
    """Count a try."""
    tx.execute("UPDATE deliveries SET attempts = attempts + 1 WHERE id = ?", (id,))


def finish(tx: Tx, id: int, now: int, outcome: str) -> None:  # noqa: A002 - what it is
    """A delivery is over; forget some that have been over for long."""
    tx.execute("UPDATE deliveries SET finished = ?, outcome = ?, body = '' WHERE id = ?", (now, outcome, id))
    sql = "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE finished < ? LIMIT ?)"
    tx.execute(sql, (now - KEPT, SWEPT))


def count_pending(reader: Reader, sender: str) -> int:
    """How many deliveries of a sender are not over."""
    return _count(reader, "SELECT count(*) FROM deliveries WHERE finished IS NULL AND sender = ?", sender)


def oldest_pending(reader: Reader, sender: str) -> int | None:
    """From when the age of the oldest delivery counts that is not over."""
    row = reader.row("SELECT min(created) FROM deliveries WHERE finished IS NULL AND sender = ?", (sender,))
    assert row is not None
    created: int | None = row[0]
    return created


def count_finished(reader: Reader, sender: str, outcome: str, since: int) -> int:
    """How many deliveries of a sender have been over in this way since a time of the last two days."""
    sql = "SELECT count(*) FROM deliveries WHERE finished >= ? AND sender = ? AND outcome = ?"
    return _count(reader, sql, since, sender, outcome)


def _count(reader: Reader, sql: str, *parameters: Json) -> int:
    row = reader.row(sql, parameters)
    assert row is not None
    count: int = row[0]
    return count
