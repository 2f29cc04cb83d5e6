"""Verify that a file is an engine's whole database, and return what identifies it."""

import sqlite3
from dataclasses import dataclass

from lamplighter.base.errors import LamplighterError
from lamplighter.store.db import Reader
from lamplighter.store.migrate import latest_schema
from lamplighter.store.program_versions import latest_version, newer_data_text

MAX_LISTED_PROBLEMS = 20
"""The most problems of one kind that SQLite lists."""


class NotAnEngineDatabase(LamplighterError):
    """The error that a database is not one of lamplighter's, is damaged, or is newer than this program."""


@dataclass(frozen=True, slots=True)
class DatabaseIdentity:
    """What identifies an engine's database."""

    engine: str
    """The engine's id, which labels its containers."""
    schema: int
    version: str | None
    """The version of lamplighter that used the database last; None if it is older than 0.1.0."""


def find_damage(reader: Reader) -> list[str]:
    """Return what SQLite finds wrong in a database: in its pages and indexes, and in its references."""
    found = [text for (text,) in reader.rows(f"PRAGMA integrity_check({MAX_LISTED_PROBLEMS})")]
    damage = [] if found == ["ok"] else found
    references = reader.rows("SELECT * FROM pragma_foreign_key_check LIMIT ?", (MAX_LISTED_PROBLEMS,))
    return damage + [
        f"row {row} of {table} refers to a missing row of {parent}" for table, row, parent, _ in references
    ]


def verify_database(connection: sqlite3.Connection) -> DatabaseIdentity:
    """Return what identifies the database; raise `NotAnEngineDatabase` if it is not whole, or not an engine's."""
    try:
        if damage := find_damage(Reader(connection)):
            raise NotAnEngineDatabase(f"the database is damaged: {damage[0]}")
        return read_identity(connection)
    except sqlite3.DatabaseError as error:
        raise NotAnEngineDatabase(f"the database is damaged: {error}") from error


def read_identity(connection: sqlite3.Connection) -> DatabaseIdentity:
    """Return what identifies the database; raise `NotAnEngineDatabase` if no engine made it, or a newer one."""
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    version = latest_version(connection)
    if text := newer_data_text(connection, latest_schema()):
        raise NotAnEngineDatabase(f"the database {text}: use that version")
    try:
        row = connection.execute("SELECT name FROM engine").fetchone()
    except sqlite3.OperationalError:
        row = None
    if schema == 0 or row is None:
        raise NotAnEngineDatabase("the database is not one of a lamplighter engine")
    return DatabaseIdentity(str(row[0]), schema, version)
