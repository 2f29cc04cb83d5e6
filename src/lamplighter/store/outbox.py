"""The outbox: what is to be done in the world, written in the transaction that decided it.

A row is performed after its commit, and again at the next start if it is still there: at least once. Whoever performs
it deletes it in the transaction that records its effect.
"""

from collections.abc import Callable

from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.store.db import OutboxRow, Reader, Tx


def put(tx: Tx, service: str, subject: str, body: Json) -> int:
    """Have a service do something once this turn is on disk; the row's key, which never repeats."""
    sql = "INSERT INTO outbox (service, subject, body, created) VALUES (?, ?, ?, ?)"
    key = tx.insert(sql, (service, subject, dumps(body), tx.now))
    tx.signals.posted.append(OutboxRow(key, service, subject, body))
    return key


def delete(tx: Tx, key: int) -> bool:
    """It is done; False where it was done before."""
    return tx.execute("DELETE FROM outbox WHERE id = ?", (key,)) > 0


def finish(tx: Tx, key: int, tell: Callable[[Tx], None]) -> None:
    """It is done: have what came of it told, unless that was told before."""
    if delete(tx, key):
        tell(tx)


def is_pending(reader: Reader, key: int) -> bool:
    """Whether it is still to be done."""
    return reader.row("SELECT 1 FROM outbox WHERE id = ?", (key,)) is not None


def pending(reader: Reader) -> list[OutboxRow]:
    """Everything that was decided and not done, in order."""
    rows = reader.rows("SELECT id, service, subject, body FROM outbox ORDER BY id")
    return [OutboxRow(key, service, subject, _read(body)) for key, service, subject, body in rows]


def _read(body: str) -> Json:
    try:
        return loads(body)
    except JsonError:
        return None


def backlog(reader: Reader) -> tuple[int, int | None]:
    """How much is waiting to be done, and since when the oldest of it waits, as far as that is known."""
    oldest = reader.row("SELECT min(created) FROM outbox")
    return count_pending(reader), oldest[0] if oldest else None


def count_pending(reader: Reader) -> int:
    """How much is waiting to be done."""
    row = reader.row("SELECT count(*) FROM outbox")
    assert row is not None
    count: int = row[0]
    return count
