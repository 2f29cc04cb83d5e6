"""Look into the database of a data directory, before its engine starts, for stacks that may have come from a job file.

Guarantees to change nothing, and to miss no stack: what cannot be read here counts as found, and the engine decides.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from lamplighter.store.backups.database_copy import connect_read_only
from lamplighter.store.data_directory import DATABASE


def may_have_stacks(data: Path) -> bool:
    """Return whether the database exists and has a stack, or cannot be read."""
    file = data / DATABASE
    if not file.exists():
        return False
    try:
        with closing(connect_read_only(file)) as connection:
            return connection.execute("SELECT 1 FROM stacks WHERE deleted IS NULL LIMIT 1").fetchone() is not None
    except sqlite3.Error:
        return True
