"""Notifications on their way: a row for each message and subscription; the last that are done are remembered."""

from dataclasses import dataclass, replace

from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.store.db import Reader, Row, Tx

COLUMNS = "id, topic, subscription, protocol, endpoint, message, type, status, attempts, created, changed, error, body"
WAITING, DELIVERED, FAILED = "WAITING", "DELIVERED", "FAILED"
KEPT = 100
"""How many deliveries of a topic are remembered that are done, of each outcome."""


@dataclass(frozen=True, slots=True)
class SnsDelivery:
    """One message on its way to one subscription."""

    id: int
    topic: str
    subscription: str
    protocol: str
    endpoint: str
    message: str
    """Its MessageId."""
    type: str
    """Notification, or what asks for a confirmation."""
    status: str
    attempts: int
    created: int
    """Milliseconds since the epoch."""
    changed: int
    """When it was last attempted."""
    error: str | None
    body: Json
    """What is delivered, while it waits; None where it can't be read."""


def _delivery(row: Row) -> SnsDelivery:
    key, topic, subscription, protocol, endpoint, message, kind, status, attempts, created, changed, error, body = row
    where = (topic, subscription, protocol, endpoint)
    return SnsDelivery(key, *where, message, kind, status, attempts, created, changed, error, _read(body))


def _read(body: str | None) -> Json:
    try:
        return None if body is None else loads(body)
    except JsonError:
        return None


def get(reader: Reader, key: int) -> SnsDelivery | None:
    """A delivery by its key."""
    row = reader.row(f"SELECT {COLUMNS} FROM sns_deliveries WHERE id = ?", (key,))  # noqa: S608 - our own columns
    return _delivery(row) if row else None


def subscription_of(reader: Reader, key: int) -> str | None:
    """To which subscription a delivery goes; what is delivered is not read for that."""
    row = reader.row("SELECT subscription FROM sns_deliveries WHERE id = ?", (key,))
    return row[0] if row else None


def put(tx: Tx, delivery: SnsDelivery) -> SnsDelivery:
    """Keep a new delivery, whatever key it has; it, with its own."""
    each = delivery
    names = (each.topic, each.subscription, each.protocol, each.endpoint, each.message, each.type, each.status)
    body = None if each.body is None else dumps(each.body)
    key = tx.insert(
        f"INSERT INTO sns_deliveries ({COLUMNS}) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        (*names, each.attempts, each.created, each.changed, each.error, body),
    )
    if each.status != WAITING:
        _prune(tx, each.topic, each.status)
    return replace(each, id=key)


def count_attempt(tx: Tx, key: int, now: int, error: str) -> None:
    """An attempt failed that is not the last."""
    sql = "UPDATE sns_deliveries SET attempts = attempts + 1, changed = ?, error = ? WHERE id = ?"
    tx.execute(sql, (now, error, key))


def finish(tx: Tx, delivery: SnsDelivery, status: str, now: int, error: str | None) -> None:
    """The last attempt was made; what was delivered is let go of."""
    changes = "status = ?, attempts = attempts + 1, changed = ?, error = ?, body = NULL"
    tx.execute(f"UPDATE sns_deliveries SET {changes} WHERE id = ?", (status, now, error, delivery.id))  # noqa: S608
    _prune(tx, delivery.topic, status)


def _prune(tx: Tx, topic: str, status: str) -> None:
    last = "SELECT id FROM sns_deliveries WHERE topic = ?1 AND status = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3"
    tx.execute(f"DELETE FROM sns_deliveries WHERE topic = ?1 AND status = ?2 AND id <= ({last})", (topic, status, KEPT))  # noqa: S608


def recent(reader: Reader, topic: str, before: int | None = None, most: int = KEPT) -> list[SnsDelivery]:
    """A topic's deliveries, the newest first, from before one on."""
    sql = f"SELECT {COLUMNS} FROM sns_deliveries WHERE topic = ? AND id < ? ORDER BY id DESC LIMIT ?"  # noqa: S608
    return [_delivery(row) for row in reader.rows(sql, (topic, before or 2**62, most))]


def count_failing(reader: Reader) -> int:
    """How many deliveries wait of which an attempt has failed."""
    row = reader.row("SELECT count(*) FROM sns_deliveries WHERE status = ? AND attempts > 0", (WAITING,))
    assert row is not None
    found: int = row[0]
    return found


def failing_endpoints(reader: Reader) -> list[tuple[str, str, str, int]]:
    """To whom deliveries wait of which an attempt has failed: protocol, endpoint, the last error, how many."""
    sql = """
        SELECT protocol, endpoint, error, count(*), max(changed) FROM sns_deliveries
        WHERE status = ? AND attempts > 0 GROUP BY protocol, endpoint ORDER BY protocol, endpoint
    """
    # Beside max(), SQLite gives the error of the row that has it: the last.
    return [row[:4] for row in reader.rows(sql, (WAITING,))]


def count(reader: Reader, status: str) -> int:
    """How many deliveries have a status now."""
    row = reader.row("SELECT count(*) FROM sns_deliveries WHERE status = ?", (status,))
    assert row is not None
    found: int = row[0]
    return found
