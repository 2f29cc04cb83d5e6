"""Store deliveries: the pending ones, and for two days the keys of those that ended.

The key of an ended delivery is kept so that a repeated delivery is recognised.
"""

from dataclasses import dataclass

from lamplighter.base.json_text import JsonError, dumps, loads
from lamplighter.delivery.delivery import Delivery, from_json, to_json
from lamplighter.store.db import DamagedData, Reader, Row, Tx

KEY_RETENTION_MILLISECONDS = 2 * 86_400_000
"""Milliseconds for which the key of an ended delivery is kept: twice the longest time that a delivery may take."""
SWEEP_BATCH_SIZE = 10
"""The most expired keys that are deleted for each delivery that ends."""


@dataclass(frozen=True, slots=True)
class PendingDelivery:
    """A delivery that has not ended."""

    id: int
    created: int
    """Milliseconds of the steady clock."""
    attempts: int
    delivery: Delivery


def _pending(row: Row) -> PendingDelivery:
    key, created, attempts, body = row
    try:
        return PendingDelivery(key, created, attempts, from_json(loads(body)))
    except (JsonError, TypeError, KeyError) as error:
        raise DamagedData(f"the delivery {key} cannot be read") from error


def put(tx: Tx, sender: str, created: int, delivery: Delivery) -> int | None:
    """Store a new delivery. Return its id, or None if its sender has sent the same key before."""
    sql = (
        "INSERT INTO deliveries (sender, key, created, attempts, body) VALUES (?, ?, ?, 0, ?) "
        "ON CONFLICT (sender, key) DO NOTHING RETURNING id"
    )
    row = tx.row(sql, (sender, delivery.key, created, dumps(to_json(delivery))))
    return row[0] if row is not None else None


def get(reader: Reader, id: int) -> PendingDelivery | None:  # noqa: A002 - the key of the row
    """Return a pending delivery, or None if it has ended. Raises `DamagedData` if it cannot be read."""
    row = reader.row("SELECT id, created, attempts, body FROM deliveries WHERE id = ? AND finished IS NULL", (id,))
    return None if row is None else _pending(row)


def count_attempt(tx: Tx, id: int) -> PendingDelivery | None:  # noqa: A002 - the key of the row
    """Add one to the attempts of a pending delivery and return it, or None if it has ended."""
    changed = "UPDATE deliveries SET attempts = attempts + 1 WHERE id = ? AND finished IS NULL"
    row = tx.row(f"{changed} RETURNING id, created, attempts, body", (id,))
    return None if row is None else _pending(row)


def finish(tx: Tx, id: int, now: int, outcome: str) -> None:  # noqa: A002 - the key of the row
    """Record that a delivery ended, and delete some expired keys."""
    tx.execute("UPDATE deliveries SET finished = ?, outcome = ?, body = '' WHERE id = ?", (now, outcome, id))
    sql = "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE finished < ? LIMIT ?)"
    tx.execute(sql, (now - KEY_RETENTION_MILLISECONDS, SWEEP_BATCH_SIZE))


def count_pending(reader: Reader, sender: str) -> int:
    """Return the number of a sender's pending deliveries."""
    return reader.count("SELECT count(*) FROM deliveries WHERE finished IS NULL AND sender = ?", (sender,))


def oldest_pending(reader: Reader, sender: str) -> int | None:
    """Return when a sender's oldest pending delivery was created, by the steady clock, or None if none is pending."""
    row = reader.row("SELECT min(created) FROM deliveries WHERE finished IS NULL AND sender = ?", (sender,))
    assert row is not None
    created: int | None = row[0]
    return created
