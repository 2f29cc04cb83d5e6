"""Remember that the engine's database is damaged, or that commits may be lost.

SQLite reports a damaged page only to the query that needs it: so one error counts until a check of the whole database
passes (`engine/damage_check.py`).
"""

import logging
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lamplighter.store.data_directory import WAL

DAMAGE_CODES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
WAL_STARTS = (b"", b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
"""How a WAL begins; see https://sqlite.org/fileformat2.html#walformat. Before the first commit it is empty."""
log = logging.getLogger("lamplighter.store")


def is_damage(error: BaseException | None) -> bool:
    """Return whether an error means that the database is damaged."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGE_CODES


def describe_loss(error: BaseException) -> str:
    """Return why a write was refused, for who asked for it."""
    return f"{'the database is damaged' if is_damage(error) else 'the data directory cannot be written'}: {error}"


@dataclass(slots=True)
class Damage:
    """What is known about damage of one database."""

    text: str = ""
    """What SQLite says about the damage; empty if there is none."""
    wal_problem: str = ""
    """What was wrong with the WAL at the start, so that the last commits may be lost; empty if it was there."""

    def note(self, error: BaseException | None) -> None:
        """Remember the text of an error that means damage; other errors do not."""
        if is_damage(error) and not self.text:
            log.error("the database is damaged (%s): restore a backup; `lamplighter check` examines it", error)
            self.text = str(error)

    def note_wal(self, directory: Path, *, was_open: bool) -> None:
        """Remember that the WAL is no WAL, or that it is missing although the last engine did not close it."""
        wal, start = directory / WAL, None if was_open else b""
        with suppress(FileNotFoundError), wal.open("rb") as opened:
            start = opened.read(4)
        if start not in WAL_STARTS:
            self.wal_problem = f"{wal} is {'missing' if start is None else 'not a WAL of SQLite'}"
            log.error("%s, although the last engine was killed: its last commits may be lost", self.wal_problem)
