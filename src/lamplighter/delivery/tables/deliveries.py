"""Letters: calls to be delivered, and for two days after that the names of those that were.

The name of a letter that is over is kept so that the same one, sent again, is known.
"""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.store.db import Reader, Tx

KEPT = 2 * 86_400_000
"""For how many milliseconds the name of a letter that is over is kept: twice as long as one may take."""
SWEPT = 10
"""How many old names are forgotten for each letter that is over."""


@dataclass(frozen=True, slots=True)
class PendingDelivery:
    """A letter that is not over."""

    id: int
    key: str
    born: int
    tries: int
    body: Json
    """None where it can't be read."""


def put(tx: Tx, sender: str, key: str, born: int, body: Json) -> int | None:
    """Keep a new letter; its number, or None where its sender has sent it before."""
    sql = (
        "INSERT INTO letters (sender, key, born, tries, body) VALUES (?, ?, ?, 0, ?) "
        "ON CONFLICT (sender, key) DO NOTHING RETURNING id"
    )
    row = tx.row(sql, (sender, key, born, dumps(body)))
    return row[0] if row is not None else None


def get(reader: Reader, id: int) -> PendingDelivery | None:  # noqa: A002 - what it is
    """A letter that is not over."""
    row = reader.row("SELECT id, key, born, tries, body FROM letters WHERE id = ? AND settled IS NULL", (id,))
    if row is None:
        return None
    number, key, born, tries, body = row
    try:
        return PendingDelivery(number, key, born, tries, loads(body))
    except JsonError:
        return PendingDelivery(number, key, born, tries, None)


def count_attempt(tx: Tx, id: int) -> None:  # noqa: A002 - what it is
    """Count a try."""
    tx.execute("UPDATE letters SET tries = tries + 1 WHERE id = ?", (id,))


def finish(tx: Tx, id: int, now: int, outcome: str) -> None:  # noqa: A002 - what it is
    """A letter is over; forget some that have been over for long."""
    tx.execute("UPDATE letters SET settled = ?, outcome = ?, body = '' WHERE id = ?", (now, outcome, id))
    sql = "DELETE FROM letters WHERE id IN (SELECT id FROM letters WHERE settled < ? LIMIT ?)"
    tx.execute(sql, (now - KEPT, SWEPT))


def count_pending(reader: Reader, sender: str) -> int:
    """How many letters of a sender are not over."""
    return _count(reader, "SELECT count(*) FROM letters WHERE settled IS NULL AND sender = ?", sender)


def oldest_pending(reader: Reader, sender: str) -> int | None:
    """From when the age of the oldest letter counts that is not over."""
    row = reader.row("SELECT min(born) FROM letters WHERE settled IS NULL AND sender = ?", (sender,))
    assert row is not None
    born: int | None = row[0]
    return born


def count_finished(reader: Reader, sender: str, outcome: str, since: int) -> int:
    """How many letters of a sender have been over in this way since a time of the last two days."""
    sql = "SELECT count(*) FROM letters WHERE settled >= ? AND sender = ? AND outcome = ?"
    return _count(reader, sql, since, sender, outcome)


def _count(reader: Reader, sql: str, *parameters: Json) -> int:
    row = reader.row(sql, parameters)
    assert row is not None
    count: int = row[0]
    return count
