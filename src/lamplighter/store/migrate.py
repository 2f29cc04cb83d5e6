"""Numbered, append-only migrations: `sql/NNNN_name.sql`, each run once, in order.

All that are missing run in one transaction: an upgrade that fails leaves the data as it was, and a new database costs
one sync rather than one for each migration.
"""

import sqlite3
from importlib.resources import files

from lamplighter.base.errors import LamplighterError


class NewerData(LamplighterError):
    """The data was written by a newer version of this program."""


def scripts() -> list[tuple[int, str]]:
    """All migrations, as (number, SQL)."""
    folder = files("lamplighter.store") / "sql"
    found = [(int(entry.name[:4]), entry.read_text()) for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return sorted(found)


class NoSchema(LamplighterError):
    """The database is none of ours."""


def migrate(connection: sqlite3.Connection, *, begins: bool = True) -> None:
    """Bring the database to this program's schema; one from the future is refused, untouched.

    So is one without a schema, unless an engine begins with it.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0 and not begins:
        raise NoSchema("it holds nothing of lamplighter")
    steps = scripts()
    if version > steps[-1][0]:
        raise NewerData(f"the data has schema {version}, this program knows {steps[-1][0]}; upgrade lamplighter")
    missing = [f"{sql}; PRAGMA user_version={number};" for number, sql in steps if number > version]
    if missing:
        connection.executescript("\n".join(["BEGIN IMMEDIATE;", *missing, "COMMIT"]))
