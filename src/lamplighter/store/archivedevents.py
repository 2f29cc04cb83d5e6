"""Events that archives keep, in the order of their own times."""

from dataclasses import dataclass

from lamplighter.store.db import Reader, Tx

SWEPT = 20
"""How many events that are too old go for each that comes."""


@dataclass(frozen=True, slots=True)
class Archived:
    """An event of an archive."""

    id: int
    happened: int
    """Its own time, in milliseconds since the epoch."""
    body: str
    """JSON text."""


def put(tx: Tx, archive: str, time: int, happened: int, body: str) -> None:
    """Keep an event that came at a time and tells of another."""
    sql = "INSERT INTO archived_events (archive, time, happened, body) VALUES (?, ?, ?, ?)"
    tx.execute(sql, (archive, time, happened, body))


def between(reader: Reader, archive: str, after: tuple[int, int], end: int, since: int, most: int) -> list[Archived]:
    """Events that happened after a time and key, until another time, and came since one; in order."""
    sql = (
        "SELECT id, happened, body FROM archived_events WHERE archive = ? AND (happened, id) > (?, ?) "
        "AND happened <= ? AND time >= ? ORDER BY happened, id LIMIT ?"
    )
    return [Archived(*row) for row in reader.rows(sql, (archive, *after, end, since, most))]


def measure(reader: Reader, archive: str, since: int) -> tuple[int, int]:
    """How many events an archive has that came since a time, and their size in bytes."""
    size = "coalesce(sum(length(CAST(body AS BLOB))), 0)"
    sql = f"SELECT count(*), {size} FROM archived_events WHERE archive = ? AND time >= ?"  # noqa: S608 - our own
    row = reader.row(sql, (archive, since))
    assert row is not None
    return row[0], row[1]


def sweep(tx: Tx, archive: str, before: int) -> None:
    """Forget some of the events that came before a time."""
    old = "SELECT id FROM archived_events WHERE archive = ? AND time < ? LIMIT ?"
    tx.execute(f"DELETE FROM archived_events WHERE id IN ({old})", (archive, before, SWEPT))  # noqa: S608 - our own


def delete_all(tx: Tx, archive: str) -> None:
    """Forget an archive's events."""
    tx.execute("DELETE FROM archived_events WHERE archive = ?", (archive,))
