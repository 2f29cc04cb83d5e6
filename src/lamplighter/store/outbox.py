"""Store the outbox: work that a transaction decided on and that runs after its commit.

The engine processes a row after the commit, and again at its next start if the row is still there: at least once. The
code that processes a row deletes it in the transaction that records the effect.
"""

from collections.abc import Callable

from lamplighter.base.json_text import Json, dumps, loads_or
from lamplighter.store.db import OutboxRow, Reader, Tx


def put(tx: Tx, service: str, subject: str, body: Json) -> int:
    """Queue work for a service; it runs after the commit. Return the row's key, which is never reused."""
    sql = "INSERT INTO outbox (service, subject, body, created) VALUES (?, ?, ?, ?)"
    key = tx.insert(sql, (service, subject, dumps(body), tx.now))
    tx.signals.outbox_rows.append(OutboxRow(key, service, subject, body))
    return key


def delete(tx: Tx, key: int) -> bool:
    """Delete the row and return whether it still existed."""
    return tx.execute("DELETE FROM outbox WHERE id = ?", (key,)) > 0


def delete_and_call(tx: Tx, key: int, then: Callable[[Tx], None] | None) -> None:
    """Delete the row and, if it still existed, call `then`, if it is given, in the same transaction."""
    if delete(tx, key) and then is not None:
        then(tx)


def is_pending(reader: Reader, key: int) -> bool:
    """Return whether the row is still pending."""
    return reader.row("SELECT 1 FROM outbox WHERE id = ?", (key,)) is not None


def pending_rows(reader: Reader) -> list[OutboxRow]:
    """Return all pending rows, oldest first."""
    return [_to_row(*row) for row in reader.rows("SELECT id, service, subject, body FROM outbox ORDER BY id")]


def find_row(reader: Reader, key: int) -> OutboxRow | None:
    """Return a pending row, or None if it is not in the outbox any more."""
    row = reader.row("SELECT id, service, subject, body FROM outbox WHERE id = ?", (key,))
    return None if row is None else _to_row(*row)


def _to_row(key: int, service: str, subject: str, body: Json) -> OutboxRow:
    return OutboxRow(key, service, subject, loads_or(body, None))


def backlog(reader: Reader) -> tuple[int, int | None]:
    """Return the number of pending rows, and when the oldest was written (None if unknown)."""
    oldest = reader.row("SELECT min(created) FROM outbox")
    return count_pending(reader), oldest[0] if oldest else None


def count_pending(reader: Reader) -> int:
    """Return the number of pending rows."""
    return reader.count("SELECT count(*) FROM outbox")
