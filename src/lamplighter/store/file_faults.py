"""Store what is wrong with job files: of which kind, since when, why, and whether the notify channels were alerted.

Guarantees that a fault that stays keeps its start time, also after a restart.
"""

from dataclasses import dataclass
from enum import StrEnum

from lamplighter.store.db import Reader, Row, Tx


class FaultKind(StrEnum):
    """What a fault of a job file means."""

    UNAPPLIED = "unapplied"
    """The file, or a part of it, is not in effect."""
    CHANNELS = "channels"
    """The file is in effect, but channels or heartbeats of it reach nobody."""


@dataclass(frozen=True, slots=True)
class FileFault:
    """A fault of a job file."""

    file: str
    kind: FaultKind
    reason: str
    since: int
    """Milliseconds since the epoch."""
    alerted: int | None
    """The time at which the notify channels were alerted; None if they were not."""
    alerted_subjects: frozenset[str]
    """What of the file they were alerted to, of that which is still wrong; empty if the fault is of the whole file."""


_SELECT = "SELECT file, kind, reason, since, alerted, alerted_subjects FROM file_faults"


def list_faults(reader: Reader, kind: FaultKind) -> list[FileFault]:
    """Return the faults of a kind, oldest first."""
    rows = reader.rows(f"{_SELECT} WHERE kind = ? ORDER BY since, file", (kind,))
    return [_to_fault(row) for row in rows]


def get(reader: Reader, file: str, kind: FaultKind) -> FileFault | None:
    """Return the fault of a kind that a file has, or None."""
    row = reader.row(f"{_SELECT} WHERE file = ? AND kind = ?", (file, kind))
    return _to_fault(row) if row else None


def _to_fault(row: Row) -> FileFault:
    file, kind, reason, since, alerted, subjects = row
    return FileFault(file, FaultKind(kind), reason, since, alerted, frozenset(subjects.splitlines()))


def record(tx: Tx, file: str, kind: FaultKind, reason: str, now: int) -> None:
    """Record that a file has a fault, with the latest reason."""
    sql = (
        "INSERT INTO file_faults (file, kind, reason, since, alerted_subjects) VALUES (?, ?, ?, ?, '') "
        "ON CONFLICT (file, kind) DO UPDATE SET reason = excluded.reason"
    )
    tx.execute(sql, (file, kind, reason, now))


def set_alerted(tx: Tx, file: str, kind: FaultKind, alerted: int | None, subjects: frozenset[str]) -> None:
    """Record when the notify channels were alerted, and to what of the file; a subject is one line of text."""
    sql = "UPDATE file_faults SET alerted = ?, alerted_subjects = ? WHERE file = ? AND kind = ?"
    tx.execute(sql, (alerted, "\n".join(sorted(subjects)), file, kind))


def clear(tx: Tx, file: str, kind: FaultKind) -> None:
    """Record that a file has no fault of a kind."""
    tx.execute("DELETE FROM file_faults WHERE file = ? AND kind = ?", (file, kind))


def clear_others(tx: Tx, file: str) -> None:
    """Forget the faults of all other files."""
    tx.execute("DELETE FROM file_faults WHERE file <> ?", (file,))
