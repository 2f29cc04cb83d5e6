"""Describe the schema of a database, and compare it with this program's.

The text of a statement is not compared: a migrated database has other texts than a new one. What the statements mean
is: columns, keys, indexes, and the statements of triggers.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

from lamplighter.base.json_text import Json
from lamplighter.store.migrate import migrate

_FOREIGN = re.compile(" (sqlite_stat|_litestream_)")
"""Matches what others may add: the statistics of ANALYZE, and what Litestream remembers."""


def table_names(connection: sqlite3.Connection) -> set[str]:
    """Return the names of the tables, without SQLite's own."""
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {name for (name,) in tables}


def describe_schema(connection: sqlite3.Connection) -> dict[str, Json]:
    """Return all that a table's statements depend on: columns, keys, indexes and triggers."""
    described: dict[str, Json] = {}
    for name in table_names(connection):
        described[f"columns of {name}"] = connection.execute(f"PRAGMA table_xinfo({name})").fetchall()
        described[f"foreign keys of {name}"] = connection.execute(f"PRAGMA foreign_key_list({name})").fetchall()
        for _, index, unique, origin, partial in connection.execute(f"PRAGMA index_list({name})").fetchall():
            columns = connection.execute(f"PRAGMA index_xinfo({index})").fetchall()
            described[f"index {index}"] = (name, unique, origin, partial, columns)
    for name, *kinds in connection.execute(
        "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'"
    ):
        described[f"kind of {name}"] = kinds
    for name, sql in connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"):
        words = sql.replace('"', "").split()
        described[f"{words[1]} {name}"] = words if words[1] != "TABLE" else words.count("AUTOINCREMENT")
    described["version"] = connection.execute("PRAGMA user_version").fetchone()
    described.pop("kind of sqlite_sequence", None)
    return {key: found for key, found in described.items() if not _FOREIGN.search(key)}


def schema_differences(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield what of this program's schema a database lacks, has otherwise, or has in addition."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        migrate(fresh)
        expected, found = describe_schema(fresh), describe_schema(connection)
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            yield f"{name} is missing"
        elif name not in expected:
            yield f"{name} does not belong to this version"
        elif expected[name] != found[name]:
            yield f"{name} is not as this version makes it"
