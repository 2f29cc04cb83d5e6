"""Read the database of an engine that does not run, as its services read it.

Guarantees that nothing in the data directory changes: there is no lock, no recovery, no timer and no write. (SQLite may
make the empty files `-wal` and `-shm` that belong to every open database of this kind.) An engine may start meanwhile;
readers then see what it commits.
"""

import tempfile
from asyncio import Future
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from lamplighter.base.errors import AwsError
from lamplighter.base.internal_errors import InternalErrors
from lamplighter.store.backups.database_copy import open_read_only
from lamplighter.store.damage import Damage
from lamplighter.store.data_directory import DATABASE, WAL
from lamplighter.store.database_identity import NotAnEngineDatabase, read_identity
from lamplighter.store.db import CommitSignals, Reader, Store, Tx
from lamplighter.store.migrate import latest_schema

T = TypeVar("T")


class EngineStopped(AwsError):
    """The error of a call that would write, while no engine runs."""

    code = "EngineStopped"
    status = 409


class ReadOnlyStore(Store):
    """The database of a stopped engine; every write raises `EngineStopped`."""

    def __init__(self, directory: Path) -> None:
        """Open the database. Raises `UnreadableDatabase`, or `NotAnEngineDatabase` if its schema is not this program's.

        Services may write small files of their own into `directory`, which is therefore a temporary folder.
        """
        self._database = directory.absolute() / DATABASE
        self._connection = open_read_only(self._database)
        try:
            _check_schema(read_identity(self._connection).schema)
        except BaseException:
            self._connection.close()
            raise
        self.reader = Reader(self._connection, self._database.parent)
        self._scratch = tempfile.TemporaryDirectory(prefix="lamplighter-")
        self.directory = Path(self._scratch.name)
        self.internal_errors, self.damage = InternalErrors(lambda: 0), Damage()
        self.on_commit: Callable[[CommitSignals], None] = lambda _signals: None
        self.on_rollback = lambda _error: None

    def find_file_problem(self) -> str:
        """Return an empty string: nothing is written."""
        return ""

    def write(self, run: Callable[[Tx], T]) -> "Future[T]":  # noqa: ARG002 - nothing is run
        """Raise `EngineStopped`."""
        raise EngineStopped(f"the engine of {self._database.parent} does not run: start it with `lamplighter up`")

    def read_with_own_connection(self, run: Callable[[Reader], T]) -> T:
        """Run a read in this thread, with a connection of its own."""
        with closing(open_read_only(self._database)) as connection:
            return run(Reader(connection, self._database.parent))

    async def close(self) -> None:
        """Close the files."""
        self._connection.close()
        self._scratch.cleanup()


def _check_schema(schema: int) -> None:
    if schema < latest_schema():
        raise NotAnEngineDatabase(
            f"an earlier version of lamplighter wrote the database (schema {schema}, and this program reads schema "
            f"{latest_schema()}): run `lamplighter up` once, or use that version"
        )


def last_written(directory: Path) -> int:
    """Return when a database was last written, in milliseconds since the epoch."""
    written = (directory / DATABASE).stat().st_mtime
    wal = directory / WAL
    if wal.exists() and wal.stat().st_size > 0:
        written = max(written, wal.stat().st_mtime)
    return int(written * 1000)
