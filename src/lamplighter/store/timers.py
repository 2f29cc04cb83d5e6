"""Store timers as rows: one mechanism for waits, retries, timeouts, heartbeats and schedules.

A timer belongs to a service and to a subject of that service. Its name is unique within the subject.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.store.db import Reader, Tx


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer, which fires when it is due."""

    service: str
    subject: str
    name: str
    due: int
    """Milliseconds since the epoch."""

    @property
    def key(self) -> tuple[str, str, str]:
        """The fields that identify the timer."""
        return (self.service, self.subject, self.name)


def put(tx: Tx, timer: Timer, *, steady_clock: bool) -> None:
    """Set a timer. `steady_clock`: the timer measures a length of time, so `due` is a time of the steady clock."""
    tx.execute(
        "INSERT OR REPLACE INTO timers (service, subject, name, due, steady_clock) VALUES (?, ?, ?, ?, ?)",
        (timer.service, timer.subject, timer.name, timer.due, steady_clock),
    )
    _signal_due_time(tx, timer.due)


def _signal_due_time(tx: Tx, due: int) -> None:
    if tx.signals.earliest_timer is None or due < tx.signals.earliest_timer:
        tx.signals.earliest_timer = due


def delete(tx: Tx, service: str, subject: str, name: str) -> bool:
    """Delete a timer and return whether it still existed."""
    sql = "DELETE FROM timers WHERE service = ? AND subject = ? AND name = ?"
    return tx.execute(sql, (service, subject, name)) > 0


def delete_all(tx: Tx, service: str, subject: str) -> None:
    """Delete all timers of a subject."""
    tx.execute("DELETE FROM timers WHERE service = ? AND subject = ?", (service, subject))


def has_timer(reader: Reader, service: str, subject: str) -> bool:
    """Return whether a subject has a timer."""
    return reader.row("SELECT 1 FROM timers WHERE service = ? AND subject = ? LIMIT 1", (service, subject)) is not None


def has_name_end(reader: Reader, service: str, end: str) -> bool:
    """Return whether a service has a timer whose name ends so."""
    sql = "SELECT 1 FROM timers WHERE service = ? AND name LIKE '%' || ? LIMIT 1"
    return reader.row(sql, (service, end)) is not None


def has_due_timer(reader: Reader, service: str, subject: str, prefixes: Sequence[str], before: int) -> bool:
    """Return whether a subject has a timer, with one of these name prefixes, that is due before a steady-clock time."""
    sql = "SELECT name FROM timers WHERE service = ? AND subject = ? AND steady_clock = 1 AND due < ?"
    return any(name.startswith(tuple(prefixes)) for (name,) in reader.rows(sql, (service, subject, before)))


def next_due(reader: Reader, service: str, subject: str) -> int | None:
    """Return when the next timer of a subject is due, or None if it has no timer."""
    row = reader.row("SELECT min(due) FROM timers WHERE service = ? AND subject = ?", (service, subject))
    return row[0] if row else None


def due_timers(reader: Reader, wall: int, steady: int, most: int) -> list[Timer]:
    """Return at most `most` timers that are due by their own clock, the longest overdue first."""
    sql = "SELECT service, subject, name, due FROM timers WHERE steady_clock = ? AND due <= ? ORDER BY due LIMIT ?"
    found = [*reader.rows(sql, (0, wall, most)), *reader.rows(sql, (1, steady, most))]
    return sorted((Timer(*row) for row in found), key=lambda timer: timer.due)[:most]


def count_overdue(reader: Reader, wall: int, steady: int) -> tuple[int, int]:
    """Return the number of due timers, and by how many milliseconds the most overdue timer is late."""
    sql = "SELECT count(*), min(due) FROM timers WHERE steady_clock = ? AND due <= ?"
    found = [
        (*row, now) for steady_clock, now in ((0, wall), (1, steady)) if (row := reader.row(sql, (steady_clock, now)))
    ]
    late = [now - first for _, first, now in found if first is not None]
    return sum(number for number, _, _ in found), max(late, default=0)


def milliseconds_to_next(reader: Reader, wall: int, steady: int) -> int | None:
    """Return the milliseconds until the next timer that is not due yet, or None if there is none."""
    sql = "SELECT due FROM timers WHERE steady_clock = ? AND due > ? ORDER BY due LIMIT 1"
    clocks = ((0, wall), (1, steady))
    waits = [row[0] - now for steady_clock, now in clocks if (row := reader.row(sql, (steady_clock, now))) is not None]
    return min(waits, default=None)


def postpone(tx: Tx, timer: Timer, due: int) -> None:
    """Move a timer to a later time."""
    sql = "UPDATE timers SET due = ? WHERE service = ? AND subject = ? AND name = ?"
    tx.execute(sql, (due, *timer.key))
    _signal_due_time(tx, due)


HOLD_OFFSET = 2**52
"""Milliseconds that are added to the due time of a held timer, so that it does not fire but keeps its due time."""


def hold(tx: Tx, service: str, subject: str, name: str) -> None:
    """Hold a timer, so that it does not fire; do nothing if the timer is held already."""
    where = "service = ? AND subject = ? AND name = ? AND due < ?"
    tx.execute(f"UPDATE timers SET due = due + ? WHERE {where}", (HOLD_OFFSET, service, subject, name, HOLD_OFFSET))  # noqa: S608


def release(tx: Tx, service: str, subject: str, name: str, push: int) -> bool:
    """Release a held timer, which is then due `push` milliseconds later than before; return whether it was held."""
    row = tx.row("SELECT due FROM timers WHERE service = ? AND subject = ? AND name = ?", (service, subject, name))
    if row is None or row[0] < HOLD_OFFSET:
        return False
    postpone(tx, Timer(service, subject, name, row[0]), row[0] - HOLD_OFFSET + push)
    return True
