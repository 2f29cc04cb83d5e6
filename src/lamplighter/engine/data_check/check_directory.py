"""Check a data directory: the database's pages and schema, its rows, and the files beside it.

Nothing is changed, and the engine may run meanwhile. Raises `UnreadableDatabase` if there is nothing to check.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from lamplighter.engine.data_check.files import check_files
from lamplighter.engine.data_check.finding import RESTORE_ADVICE, DataFinding, problem
from lamplighter.engine.data_check.rows import check_rows
from lamplighter.store.backups.database_copy import begin_snapshot, open_read_only
from lamplighter.store.data_directory import DATABASE
from lamplighter.store.database_identity import find_damage
from lamplighter.store.db import Reader
from lamplighter.store.lock import is_locked
from lamplighter.store.migrate import latest_schema
from lamplighter.store.program_versions import newer_data_text
from lamplighter.store.schema_check import schema_differences


def check_directory(directory: Path) -> Iterator[DataFinding]:
    """Yield everything that is wrong or worth knowing about a data directory."""
    with closing(open_read_only(directory / DATABASE)) as connection:
        try:
            yield from _check_database(connection)
            yield from check_files(directory, Reader(connection), engine_runs=is_locked(directory))
        except sqlite3.DatabaseError as error:
            yield problem("database", f"it cannot be read to the end: {error}")


def _check_database(connection: sqlite3.Connection) -> Iterator[DataFinding]:
    damage = find_damage(Reader(connection))
    yield from (problem("database", text) for text in damage)
    schema = [*_check_schema(connection)]
    yield from schema
    if damage or schema:
        return  # what the rows say means nothing then
    begin_snapshot(connection)
    yield from check_rows(Reader(connection))
    connection.execute("COMMIT")


def _check_schema(connection: sqlite3.Connection) -> Iterator[DataFinding]:
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    if text := newer_data_text(connection, latest_schema()):
        yield problem("schema", f"the database {text}", "check it with that version")
    elif schema < latest_schema():
        yield problem(
            "schema",
            f"the database has schema {schema}, and this program makes schema {latest_schema()} of it at the next `up`",
            "check it with the version that wrote it, or run `up`",
        )
    else:
        for text in schema_differences(connection):
            yield problem("schema", text, f"somebody changed the database; {RESTORE_ADVICE}")
