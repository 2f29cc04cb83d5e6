"""Store which versions of this program used a database, so that a program that cannot read it can name the last one."""

import sqlite3
from contextlib import suppress

from lamplighter import __version__


def latest_version(connection: sqlite3.Connection) -> str | None:
    """Return the version that opened the database last; None if it is older than this table, or damaged."""
    with suppress(sqlite3.Error):
        row = connection.execute("SELECT version FROM program_versions ORDER BY opened DESC LIMIT 1").fetchone()
        return None if row is None else str(row[0])
    return None


def newer_data_text(connection: sqlite3.Connection, latest_schema: int) -> str | None:
    """Return which program wrote a database that this one is too old to read; None if the schema is not newer."""
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    if schema <= latest_schema:
        return None
    version = latest_version(connection)
    program = f"lamplighter {version}" if version not in (None, __version__) else "a newer version of lamplighter"
    return (
        f"was written by {program} (schema {schema}), and this is lamplighter {__version__}, which reads up to schema "
        f"{latest_schema}"
    )


def record_version(connection: sqlite3.Connection, version: str, now: int) -> None:
    """Record that a version opens the database; write nothing if it was the last one, too."""
    if latest_version(connection) == version:
        return
    connection.execute(
        "INSERT INTO program_versions (version, opened) "
        "VALUES (?, max(?, (SELECT coalesce(max(opened), 0) + 1 FROM program_versions))) "
        "ON CONFLICT (version) DO UPDATE SET opened = excluded.opened",
        (version, now),
    )
