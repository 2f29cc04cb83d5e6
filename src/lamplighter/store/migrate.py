"""Bring a database to this program's schema.

A new database gets the current schema: `schema/*.sql`, one script for each package that owns tables. A database of an
earlier version gets the migrations that it lacks: `migrations/NNNN_name.sql`, numbered and append-only, each run once,
in order. The two ways make the same schema, and a change of the schema is made in both places.

All scripts run in one transaction. So an upgrade that fails leaves the data unchanged, and a new database costs one
sync. (The schema is not made by the migrations: they cost 170 ms, most of it in renamed columns, and a reader of 37
migrations does not see the tables.)
"""

import sqlite3
from importlib.resources import files

from lamplighter.base.errors import LamplighterError
from lamplighter.store.program_versions import newer_data_text


class NewerData(LamplighterError):
    """The error that a newer version of this program wrote the data."""


class NoSchema(LamplighterError):
    """The error that the database is not one of lamplighter's."""


def schema_scripts() -> list[str]:
    """Return the scripts that make the current schema in an empty database."""
    return [text for _, text in _scripts("schema")]


def migration_scripts() -> list[tuple[int, str]]:
    """Return all migrations in order, as (number, SQL)."""
    return [(int(name[:4]), text) for name, text in _scripts("migrations")]


def latest_schema() -> int:
    """Return the number of this program's schema: that of the last migration."""
    names = (entry.name for entry in (files("lamplighter.store") / "migrations").iterdir())
    return max(int(name[:4]) for name in names if name.endswith(".sql"))


def _scripts(folder: str) -> list[tuple[str, str]]:
    entries = (files("lamplighter.store") / folder).iterdir()
    return sorted((entry.name, entry.read_text()) for entry in entries if entry.name.endswith(".sql"))


def migrate(connection: sqlite3.Connection, *, first_start: bool = True) -> None:
    """Bring the database to this program's schema.

    Raises `NewerData` if the schema is newer than this program. Raises `NoSchema` if there is no schema and
    `first_start` is False. Neither error changes the database.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0 and not first_start:
        raise NoSchema("it has no schema")
    latest = latest_schema()
    if text := newer_data_text(connection, latest):
        raise NewerData(f"the data {text}")
    if version < latest:  # otherwise no script is read
        missing = (sql for number, sql in migration_scripts() if number > version)
        run_scripts(connection, schema_scripts() if version == 0 else [*missing], latest)


def run_scripts(connection: sqlite3.Connection, scripts: list[str], version: int) -> None:
    """Run scripts in one transaction, which also sets the version of the schema."""
    statements = ["BEGIN IMMEDIATE", *scripts, f"PRAGMA user_version = {version}", "COMMIT"]
    connection.executescript(";\n".join(statements))
