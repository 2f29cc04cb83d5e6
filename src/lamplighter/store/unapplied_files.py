"""Files whose jobs are not as the files say: since when, why, and whether the notify channels were told.

Promises that a file which stays unapplied keeps the time at which that began, also after a restart.
"""

from dataclasses import dataclass

from lamplighter.store.db import Reader, Tx


@dataclass(frozen=True, slots=True)
class UnappliedFile:
    """One file that is not applied."""

    file: str
    reason: str
    since: int
    """Milliseconds since the epoch."""
    told: int | None
    """When the notify channels were told; None where they were not."""


def list_unapplied(reader: Reader) -> list[UnappliedFile]:
    """All files that are not applied, the oldest first."""
    rows = reader.rows("SELECT file, reason, since, told FROM unapplied_files ORDER BY since, file")
    return [UnappliedFile(*row) for row in rows]


def get(reader: Reader, file: str) -> UnappliedFile | None:
    """What is known of a file that is not applied; None where it is."""
    row = reader.row("SELECT file, reason, since, told FROM unapplied_files WHERE file = ?", (file,))
    return UnappliedFile(*row) if row else None


def set_unapplied(tx: Tx, file: str, reason: str, now: int) -> None:
    """Keep that a file is not applied, and the latest reason."""
    sql = (
        "INSERT INTO unapplied_files (file, reason, since) VALUES (?, ?, ?) "
        "ON CONFLICT (file) DO UPDATE SET reason = excluded.reason"
    )
    tx.execute(sql, (file, reason, now))


def set_told(tx: Tx, file: str, now: int) -> None:
    """Note that the notify channels are told."""
    tx.execute("UPDATE unapplied_files SET told = ? WHERE file = ?", (now, file))


def set_applied(tx: Tx, file: str) -> None:
    """The file is applied."""
    tx.execute("DELETE FROM unapplied_files WHERE file = ?", (file,))
