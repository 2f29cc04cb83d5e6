"""Store which job files are not applied: since when, why, and whether the notify channels were alerted.

Guarantees that a file that stays unapplied keeps its start time, also after a restart.
"""

from dataclasses import dataclass

from lamplighter.store.db import Reader, Tx


@dataclass(frozen=True, slots=True)
class UnappliedFile:
    """A job file that is not applied."""

    file: str
    reason: str
    since: int
    """Milliseconds since the epoch."""
    alerted: int | None
    """The time at which the notify channels were alerted; None if they were not."""


def list_unapplied(reader: Reader) -> list[UnappliedFile]:
    """Return all files that are not applied, oldest first."""
    rows = reader.rows("SELECT file, reason, since, alerted FROM unapplied_files ORDER BY since, file")
    return [UnappliedFile(*row) for row in rows]


def get(reader: Reader, file: str) -> UnappliedFile | None:
    """Return the row of a file that is not applied, or None if the file is applied."""
    row = reader.row("SELECT file, reason, since, alerted FROM unapplied_files WHERE file = ?", (file,))
    return UnappliedFile(*row) if row else None


def set_unapplied(tx: Tx, file: str, reason: str, now: int) -> None:
    """Record that a file is not applied, with the latest reason."""
    sql = (
        "INSERT INTO unapplied_files (file, reason, since) VALUES (?, ?, ?) "
        "ON CONFLICT (file) DO UPDATE SET reason = excluded.reason"
    )
    tx.execute(sql, (file, reason, now))


def set_alerted(tx: Tx, file: str, now: int) -> None:
    """Record that the notify channels were alerted."""
    tx.execute("UPDATE unapplied_files SET alerted = ? WHERE file = ?", (now, file))


def set_applied(tx: Tx, file: str) -> None:
    """Record that a file is applied."""
    tx.execute("DELETE FROM unapplied_files WHERE file = ?", (file,))
