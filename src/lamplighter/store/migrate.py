"""Migrate the database's schema with numbered, append-only scripts: `sql/NNNN_name.sql`, each run once, in order.

All missing scripts run in one transaction. So an upgrade that fails leaves the data unchanged, and a new database costs
one sync instead of one per migration.
"""

import sqlite3
from importlib.resources import files

from lamplighter.base.errors import LamplighterError


class NewerData(LamplighterError):
    """The error that a newer version of this program wrote the data."""


def migration_scripts() -> list[tuple[int, str]]:
    """Return all migrations in order, as (number, SQL)."""
    folder = files("lamplighter.store") / "sql"
    found = [(int(entry.name[:4]), entry.read_text()) for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return sorted(found)


class NoSchema(LamplighterError):
    """The error that the database is not one of lamplighter's."""


def migrate(connection: sqlite3.Connection, *, first_start: bool = True) -> None:
    """Bring the database to this program's schema.

    Raises `NewerData` if the schema is newer than this program. Raises `NoSchema` if there is no schema and
    `first_start` is False. Neither error changes the database.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0 and not first_start:
        raise NoSchema("it has no schema")
    migrations = migration_scripts()
    if version > migrations[-1][0]:
        known = f"but this program supports up to {migrations[-1][0]}; upgrade lamplighter"
        raise NewerData(f"the data has schema version {version}, {known}")
    missing = [f"{sql}; PRAGMA user_version={number};" for number, sql in migrations if number > version]
    if missing:
        connection.executescript("\n".join(["BEGIN IMMEDIATE;", *missing, "COMMIT"]))
