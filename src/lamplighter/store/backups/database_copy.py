"""Read and copy a database that an engine may be writing at the same time.

A copy is one moment of the database: it has every transaction that was committed before the copy began, and none that
was committed later. It is one file without a WAL, and it is on disk when `copy_database` returns.

The copy reads within one transaction. (SQLite would begin again after each commit of the engine if a copy consisted of
several transactions: https://sqlite.org/c3ref/backup_finish.html.) Meanwhile the engine writes as always, and its WAL
grows by what it writes. The copy is written to the disk piece by piece: if the kernel wrote all of it at the end, the
engine's next commit would wait for it.
"""

import os
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.base.files import sync_directory
from lamplighter.store.data_directory import explain_missing_database

PAGES_PER_STEP = 2048
"""The pages that are copied before the disk gets them: 8 MiB."""
TIMEOUT_SECONDS = 30
"""The most seconds to wait for a lock, which others hold for a moment only."""


class UnreadableDatabase(LamplighterError):
    """The error that a file is no database, or cannot be read."""


def open_read_only(database: Path) -> sqlite3.Connection:
    """Open a database that an engine may be using, or that a killed engine has left with its WAL.

    SQLite needs to write the small file `-shm` beside a WAL. Where it may not, but no WAL is left, the file alone is
    the database. Raises `UnreadableDatabase`.
    """
    try:
        return connect_read_only(database)
    except sqlite3.OperationalError as error:
        if not os.access(database.parent, os.F_OK) or (os.access(database.parent, os.X_OK) and not database.exists()):
            raise UnreadableDatabase(explain_missing_database(database.parent)) from error
        wal = database.with_name(f"{database.name}-wal")
        if not os.access(database, os.R_OK) or os.access(database.parent, os.W_OK) or _has_content(wal):
            raise UnreadableDatabase(f"{database} cannot be read: {_advice(database, error)}") from error
        return connect_read_only(database, "&immutable=1")
    except sqlite3.DatabaseError as error:
        raise UnreadableDatabase(f"{database} cannot be read: {error}") from error


def connect_read_only(database: Path, options: str = "") -> sqlite3.Connection:
    """Open a database as `open_read_only` does, but raise sqlite3.Error."""
    uri = f"{database.absolute().as_uri()}?mode=ro{options}"
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, timeout=TIMEOUT_SECONDS, check_same_thread=False, cached_statements=512
    )
    try:
        # As in `db.py`: text that is not UTF-8 is damage, and the code that reads the row detects it.
        connection.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
        connection.execute("PRAGMA query_only=ON")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _has_content(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


def _advice(database: Path, error: sqlite3.Error) -> str:
    if os.access(database, os.R_OK) and os.access(database.parent, os.W_OK):
        return str(error)
    return f"{error}; run this command as the user of the engine"


def copy_database(source: Path, target: Path) -> None:
    """Copy a database into a new file that only its owner can read.

    Raises `UnreadableDatabase` if the source cannot be read, and OSError or sqlite3.Error if the target cannot be
    written.
    """
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with closing(open_read_only(source)) as connection:
        begin_snapshot(connection)
        copy_connection(connection, target)
    sync_directory(target.parent)


def begin_snapshot(connection: sqlite3.Connection) -> None:
    """Begin a transaction that sees this moment of the database until it ends; BEGIN alone would not fix the moment."""
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()


def copy_connection(connection: sqlite3.Connection, target: Path) -> None:
    """Copy what a connection's transaction sees into an empty file."""
    written = os.open(target, os.O_RDWR | os.O_CLOEXEC)
    try:
        with closing(sqlite3.connect(target, isolation_level=None)) as copy:
            copy.execute("PRAGMA synchronous=OFF")  # the copy is synced here, and is worthless until it is complete
            connection.backup(copy, pages=PAGES_PER_STEP, progress=lambda *_: os.fdatasync(written))
            # Without this the copy would be a database with a WAL: each program that opens it would create more files.
            copy.execute("PRAGMA journal_mode=DELETE")
        os.fsync(written)
    finally:
        os.close(written)
