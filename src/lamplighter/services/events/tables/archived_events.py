"""Store the events of archives, in the order of their own times."""

from dataclasses import dataclass

from lamplighter.store.db import Reader, Tx

SPAN_MILLISECONDS = 600_000
"""Milliseconds of a span whose events are counted together."""
SWEEP_BATCH_SIZE = 20
"""The most expired events that are deleted for each new one."""


@dataclass(frozen=True, slots=True)
class ArchivedEvent:
    """An event of an archive."""

    id: int
    occurred: int
    """The event's own time, in milliseconds since the epoch."""
    body: str
    """The event as JSON text."""


def put(tx: Tx, archive: str, arrived: int, occurred: int, body: str) -> None:
    """Store an event. `arrived` is when the event arrived, `occurred` is its own time."""
    sql = "INSERT INTO archived_events (archive, arrived, occurred, body) VALUES (?, ?, ?, ?)"
    tx.execute(sql, (archive, arrived, occurred, body))


def events_between(
    reader: Reader, archive: str, after: tuple[int, int], end: int, since: int, most: int
) -> list[ArchivedEvent]:
    """Return events after (time, key) until `end` that arrived from `since` on, in order of their own time and key."""
    sql = (
        "SELECT id, occurred, body FROM archived_events WHERE archive = ? AND (occurred, id) > (?, ?) "
        "AND occurred <= ? AND arrived >= ? ORDER BY occurred, id LIMIT ?"
    )
    return [ArchivedEvent(*row) for row in reader.rows(sql, (archive, *after, end, since, most))]


def measure(reader: Reader, archive: str, since: int) -> tuple[int, int]:
    """Return how many events an archive has that arrived since a time, and their size in bytes.

    Totals are stored for spans of ten minutes; only the events of the first span are counted one by one.
    """
    size = "coalesce(sum(length(CAST(body AS BLOB))), 0)"
    first, after = since // SPAN_MILLISECONDS, (since // SPAN_MILLISECONDS + 1) * SPAN_MILLISECONDS
    sql = f"SELECT count(*), {size} FROM archived_events WHERE archive = ? AND arrived >= ? AND arrived < ?"  # noqa: S608
    first_span = reader.row(sql, (archive, since, after))
    sql = "SELECT coalesce(sum(number), 0), coalesce(sum(bytes), 0) FROM archived_totals WHERE archive = ? AND span > ?"
    rest = reader.row(sql, (archive, first))
    assert first_span is not None
    assert rest is not None
    return first_span[0] + rest[0], first_span[1] + rest[1]


def sweep(tx: Tx, archive: str, before: int, most: int = SWEEP_BATCH_SIZE) -> int:
    """Delete some of the events that arrived before a time; return their number."""
    old = "SELECT id FROM archived_events WHERE archive = ? AND arrived < ? LIMIT ?"
    sql = f"DELETE FROM archived_events WHERE id IN ({old})"  # noqa: S608 - our own
    return tx.execute(sql, (archive, before, most))
