"""Store from which backups a database was restored, and what the next engine found when it compared it with reality."""

import sqlite3
from dataclasses import dataclass

from lamplighter.base.json_text import dumps, loads_or
from lamplighter.store.db import Reader, Tx


@dataclass(frozen=True, slots=True)
class Restore:
    """A restore of this database."""

    backup: int
    """When the backup was made, in milliseconds since the epoch."""
    restored: int
    examined: int | None
    """When an engine compared the database with the containers that exist; None: not yet."""
    lost_tasks: tuple[str, ...]
    """Tasks that ran at the backup, and whose containers were gone."""
    unknown_containers: tuple[str, ...]
    """Containers that are newer than the backup; the engine stopped and removed them."""


def latest_restore(reader: Reader) -> Restore | None:
    """Return the last restore of this database, or None."""
    sql = "SELECT backup, restored, examined, lost_tasks, unknown_containers FROM restores ORDER BY id DESC LIMIT 1"
    row = reader.row(sql)
    if row is None:
        return None
    backup, restored, examined, lost, unknown = row
    return Restore(backup, restored, examined, _names(lost), _names(unknown))


def record_restore(connection: sqlite3.Connection, backup: int, now: int) -> None:
    """Record in an unpacked database that it is restored."""
    connection.execute("INSERT INTO restores (backup, restored) VALUES (?, ?)", (backup, now))


def record_examination(tx: Tx, lost: list[str], unknown: list[str], now: int) -> None:
    """Record what an engine found after the last restore."""
    sql = (
        "UPDATE restores SET examined = ?, lost_tasks = ?, unknown_containers = ? "
        "WHERE id = (SELECT max(id) FROM restores)"
    )
    tx.execute(sql, (now, dumps(lost), dumps(unknown)))


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(loads_or(text or "[]", []))
