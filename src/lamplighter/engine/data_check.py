"""Find damage and leftovers in a data directory: each finding says what to do. Nothing is changed.

The engine may run meanwhile. What its database refers to is compared within one moment of the database; files that come
or go are looked at again before they count as left over.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.engine import unreadable_rows
from lamplighter.services.ecs.tables import tasks
from lamplighter.store.data_directory import ENGINE_PATHS, SET_ASIDE_PREFIX, UPGRADE_COPY_PREFIX
from lamplighter.store.database_identity import find_damage
from lamplighter.store.db import Reader
from lamplighter.store.program_versions import latest_version
from lamplighter.store.migrate import latest_schema
from lamplighter.store.schema_check import schema_differences

RESTORE = "restore a backup (`lamplighter restore FILE --force`)"
MAX_NAMED = 3
"""The most examples that a finding names."""


@dataclass(frozen=True, slots=True)
class DataFinding:
    """Something in a data directory that a person should know."""

    about: str
    """What the check looked at, in a word or two."""
    problem: bool
    """Whether something is wrong; False: it is only worth knowing."""
    says: str
    advice: str


def check_database(connection: sqlite3.Connection) -> Iterator[DataFinding]:
    """Check pages, indexes, schema, references and rows of a database."""
    for text in find_damage(connection):
        yield DataFinding("database", True, text, RESTORE)
    schema_findings = [*_check_schema(connection)]
    yield from schema_findings
    if not any(each.problem for each in schema_findings):
        connection.execute("BEGIN")
        yield from _check_references(Reader(connection))
        yield from _check_counts(Reader(connection))
        yield from _check_rows(Reader(connection))
        connection.execute("COMMIT")
