"""Run reads and writes on the engine's SQLite database; writes run in turns, each committed as one transaction.

A turn runs all waiting jobs, one after another on the event loop, inside one transaction. Then a thread commits the
transaction, while the loop continues to read from the network. Jobs that arrive meanwhile wait for the next turn. So
many executions share one fsync, and every job sees what the jobs before it wrote. A slow disk delays only the callers
that wait for a commit. A turn is acknowledged only if the path of the database still leads to the open file
(`file_presence.py`).

A turn that cannot be committed (disk full, I/O error) is rolled back whole. Each of its jobs fails with `Unavailable`,
and `on_rollback` tells the engine to drop its caches. The effect is that of a crash, but the process keeps running.

An error in a callback cannot break a turn: it is recorded (`internal_errors`), and all other callbacks are called.

What a job made outside the database, such as a file, is removed when the job's writes are undone for good
(`Tx.after_undo`). A commit whose sync failed may be in the WAL: an engine that is started next would find it. The next
commit overwrites it, so `after_undo` waits for that.
"""

import asyncio
import inspect
import logging
import queue
import sqlite3
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from lamplighter import __version__
from lamplighter.base.errors import Bug, LamplighterError, Unavailable
from lamplighter.base.files import sync_directory, sync_file
from lamplighter.base.internal_errors import InternalErrors
from lamplighter.base.json_text import Json
from lamplighter.base.threads import run_in_thread
from lamplighter.base.world import World, format_iso_time
from lamplighter.store.damage import Damage, describe_loss
from lamplighter.store.data_directory import (
    DATABASE,
    LOCK,
    WAL,
    NoDatabase,
    is_first_start,
    make_database,
    restrict_access,
    set_aside,
)
from lamplighter.store.file_presence import FilePresence, FilesDisplaced
from lamplighter.store.lock import DATABASE_OPEN, NO_DATABASE_YET, DirectoryLock
from lamplighter.store.migrate import NoSchema, migrate
from lamplighter.store.program_versions import record_version
from lamplighter.store.upgrade import prepare_upgrade

T = TypeVar("T")
Row = tuple[Json, ...]

TURN_MILLISECONDS = 10
"""The most milliseconds that one turn runs jobs on the loop before it commits."""
log = logging.getLogger("lamplighter.store")
RETRY_SECONDS = 0.5
"""Seconds that `write_with_retry` waits before it tries again on a disk that accepted no write."""
UNWRITTEN = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
"""The errors of a commit whose last page is not in the WAL; an error of its sync comes later."""


class DamagedData(LamplighterError):
    """The error that stored data cannot be read."""


class Reader:
    """A connection that reads committed data."""

    def __init__(
        self, connection: sqlite3.Connection, directory: Path | None = None, damage: Damage | None = None
    ) -> None:
        self._connection, self._damage = connection, damage or Damage()
        self.directory = directory
        """The data directory, which has the key of encrypted values; None if the database stands alone."""

    def rows(self, sql: str, parameters: Sequence[Json] = ()) -> list[Row]:
        """Return all rows that a query finds."""
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            self._damage.note(error)
            raise

    def row(self, sql: str, parameters: Sequence[Json] = ()) -> Row | None:
        """Return the first row that a query finds, or None."""
        try:
            found: Row | None = self._connection.execute(sql, parameters).fetchone()
        except sqlite3.DatabaseError as error:
            self._damage.note(error)
            raise
        return found

    def value(self, sql: str, parameters: Sequence[Json] = ()) -> Json | None:
        """Return the first column of the first row that a query finds, or None."""
        found = self.row(sql, parameters)
        return found[0] if found else None

    def count(self, sql: str, parameters: Sequence[Json] = ()) -> int:
        """Return the result of a query that selects `count(*)`."""
        return self.value(sql, parameters) or 0


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One row of the outbox: work to do outside the database, after the commit."""

    id: int
    service: str
    subject: str
    """The object of the service that the work is for, such as an execution or a task."""
    body: Json
    """The content of the row; None if it cannot be read."""


@dataclass(slots=True)
class CommitSignals:
    """The signals of a committed turn to the dispatcher: new outbox rows and the earliest new timer."""

    outbox_rows: list[OutboxRow] = field(default_factory=list)
    earliest_timer: int | None = None
    """The time at which the turn's earliest new timer is due, in milliseconds since the epoch."""


class Tx(Reader):
    """One job's view of the database. It reads committed data and what this turn wrote, and it writes."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        signals: CommitSignals,
        now: int = 0,
        turn_end: int = sys.maxsize,
        directory: Path | None = None,
        errors: InternalErrors | None = None,
        damage: Damage | None = None,
    ) -> None:
        super().__init__(connection, directory, damage)
        self.signals = signals
        self.errors = errors or InternalErrors(lambda: now)
        """Records the errors of the functions `after_undo`, and of listeners that `isolate` calls."""
        self.now = now
        """The wall clock's time when the job runs, in milliseconds since the epoch."""
        self.turn_end = turn_end
        """The time on the steady clock, in milliseconds, from which on work that can wait belongs to a later turn."""
        self.after_commit: list[Callable[[], None]] = []
        """Functions to call on the loop after the job is committed. They are not called if the job fails."""
        self.after_undo: list[Callable[[], None]] = []
        """Functions to call on the loop when the job's writes are undone for good, unless the engine ends before."""

    def execute(self, sql: str, parameters: Sequence[Json] = ()) -> int:
        """Run one statement and return the number of rows that it changed."""
        return self._connection.execute(sql, parameters).rowcount

    def insert(self, sql: str, parameters: Sequence[Json] = ()) -> int:
        """Insert one row and return its integer key."""
        key = self._connection.execute(sql, parameters).lastrowid
        assert key is not None
        return key

    def nested(self) -> AbstractContextManager[None]:
        """Return a block whose writes, and only these, are undone if it raises."""
        return _Nested(self)

    def isolate(self, place: str, run: Callable[[], None]) -> None:
        """Run a function whose error undoes only its own writes: it is recorded, and the job goes on."""
        try:
            with self.nested():
                run()
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 - it is recorded
            self.errors.record(place, error)

    def execute_many(self, sql: str, parameters: Sequence[Sequence[Json]]) -> None:
        """Run one statement for each row of parameters."""
        self._connection.executemany(sql, parameters)


class _Nested(AbstractContextManager[None]):
    """A savepoint of a job. A generator would cost three times as much."""

    __slots__ = ("_callback_count", "_row_count", "_tx", "_undo_count")

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def __enter__(self) -> None:
        tx = self._tx
        self._row_count, self._callback_count = len(tx.signals.outbox_rows), len(tx.after_commit)
        self._undo_count = len(tx.after_undo)
        tx._connection.execute("SAVEPOINT nested")  # noqa: SLF001 - our own class

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        tx, connection = self._tx, self._tx._connection  # noqa: SLF001 - our own class
        if kind is not None:
            del tx.signals.outbox_rows[self._row_count :], tx.after_commit[self._callback_count :]
            if not connection.in_transaction:
                return
            connection.execute("ROLLBACK TO nested")
            _undo(tx.errors, tx.after_undo, self._undo_count)
        connection.execute("RELEASE nested")


def _undo(errors: InternalErrors, callbacks: list[Callable[[], None]], first: int = 0) -> None:
    """Remove the functions of a list, from one on, and call them."""
    taken = callbacks[first:]
    del callbacks[first:]
    errors.call_all("a callback after undone writes", taken)


@dataclass(slots=True)
class _Job:
    run: Callable[[Tx], Any]
    future: "asyncio.Future[Any]"
    after_commit: list[Callable[[], None]] = field(default_factory=list)
    after_undo: list[Callable[[], None]] = field(default_factory=list)
    result: Any = None
    error: Exception | asyncio.CancelledError | None = None


def _connect(path: Path, *, read_only: bool, first_start: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    try:
        _prepare(connection, read_only=read_only, first_start=first_start)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, *, read_only: bool, first_start: bool) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA cache_size=-2048")
    connection.execute("PRAGMA temp_store=MEMORY")
    # Text that is not UTF-8 is damage, and the code that reads the row detects it. By default sqlite3 raises
    # OperationalError, as if the disk had failed.
    connection.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
    if read_only:
        connection.execute("PRAGMA query_only=ON")
    else:
        migrate(connection, first_start=first_start)


RESTORE_COMMAND = "restore a backup (`lamplighter restore FILE --force`)"
RESTORE_ADVICE = f"{RESTORE_COMMAND}, or start with --new, which moves the existing files aside"


def damaged_database_error(path: Path, error: sqlite3.DatabaseError) -> DamagedData:
    """Compose the error that the database as a whole cannot be used, with advice."""
    is_refused = isinstance(error, sqlite3.OperationalError)
    advice = "make it writable, with room on its disk" if is_refused else RESTORE_COMMAND
    return DamagedData(f"{path} cannot be opened ({error}); {advice}, or name another directory with --data")


class Store:
    """The database of an engine. Create it on the event loop that will use it."""

    def __init__(self, directory: Path, world: World, *, new: bool = False) -> None:
        """Lock the directory and open its database; `new`: set existing files aside and begin with an empty one."""
        self.directory = directory
        self._world = world
        self.internal_errors, self.damage = InternalErrors(world.now), Damage()
        self._lock = DirectoryLock(directory)
        try:
            self._open(directory.absolute(), new=new)
        except BaseException:
            self._lock.release()
            raise
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Job] = deque()
        self._turn: list[_Job] = []
        self._signals = CommitSignals()
        self._undone: list[Callable[[], None]] = []
        """The functions `after_undo` of turns whose commit failed, perhaps after it was written."""
        self._busy = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._background: set[asyncio.Task[None]] = set()
        self._commits: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._commit_turns, name="lamplighter-commit", daemon=True)
        self._thread.start()
        self.on_commit: Callable[[CommitSignals], None] = lambda _signals: None
        self.on_rollback: Callable[[Exception], None] = lambda _error: None

    def _open(self, directory: Path, *, new: bool) -> None:
        """Open the database; create it if this is the first start."""
        # A killed engine may have written a commit without syncing it. SQLite treats such a commit as valid, so sync
        # the WAL.
        sync_file(directory / WAL)
        lock, path = self._lock, directory / DATABASE
        if new and (folder := set_aside(directory, format_iso_time(self._world.now()).replace(":", ""))):
            log.warning("moved the previous files of %s to %s", directory, folder)
        first_start = new or is_first_start(directory, had_no_database=lock.had_no_database, was_used=lock.was_used)
        self.damage.note_wal(directory, was_open=lock.was_open and not first_start)
        lock.write_holder(NO_DATABASE_YET if first_start else "")
        restrict_access(directory)
        if first_start:
            make_database(directory)
        try:
            if not first_start:
                prepare_upgrade(path)
            self._connection = _connect(path, read_only=False, first_start=first_start)
            record_version(self._connection, __version__, self._world.now())
            self.reader = Reader(_connect(path, read_only=True), directory, self.damage)
        except NoSchema as error:
            raise NoDatabase(f"{path} is not a lamplighter database: {error}; {RESTORE_ADVICE}") from error
        except sqlite3.DatabaseError as error:
            raise damaged_database_error(path, error) from error
        sync_directory(directory)  # Sync the WAL's name before the lock file records that there is a database.
        lock.write_holder(DATABASE_OPEN)
        self._presence = FilePresence([path, directory / WAL, directory / LOCK])

    def find_file_problem(self) -> str:
        """Return why new writes would not be found again, or an empty string if the files are in place."""
        return self._presence.find_problem()

    def write(self, run: Callable[[Tx], T]) -> "asyncio.Future[T]":
        """Run a job in the next turn. The future resolves with the job's result after the commit.

        A job that raises is undone alone. A job runs on the event loop: it must be short and must not wait.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        self._waiting.append(_Job(run, future))
        if not self._busy:
            self._busy = True
            self._idle.clear()
            self._loop.call_soon(self._run_turn)
        return future

    async def read_in_thread(self, run: Callable[[Reader], T]) -> T:
        """Run a long read of committed data in a separate thread, with its own connection."""
        return await run_in_thread(partial(self.read_with_own_connection, run))

    async def read_in_thread_with_retry(self, run: Callable[[Reader], T]) -> T:
        """Run `read_in_thread` again and again while the disk cannot be read."""
        return await _retry_while_unavailable(lambda: self.read_in_thread(run))

    def read_with_own_connection(self, run: Callable[[Reader], T]) -> T:
        """Run a read of committed data in this thread, which is not the loop's, with a connection of its own."""
        if problem := self.find_file_problem():  # SQLite would create a missing database
            raise Unavailable(f"the data directory cannot be read: {problem}")
        try:
            with closing(_connect(self.directory.absolute() / DATABASE, read_only=True)) as connection:
                return run(Reader(connection, self.directory, self.damage))
        except sqlite3.Error as error:
            raise Unavailable(f"the data directory cannot be read: {error}") from error

    async def write_with_retry(self, run: Callable[[Tx], T]) -> T:
        """Run a job again and again until the disk accepts it: for facts that only the engine knows."""
        return await _retry_while_unavailable(lambda: self.write(run))

    def write_in_background(self, run: Callable[[Tx], None]) -> None:
        """Run `write_with_retry` as a background task."""
        task = self._loop.create_task(self.write_with_retry(run))
        self._background.add(task)
        task.add_done_callback(self._end_background_write)

    def _end_background_write(self, task: "asyncio.Task[None]") -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.internal_errors.record("a background write", error)

    async def close(self) -> None:
        """Finish the current turn and close the files."""
        await self._idle.wait()
        self._commits.put(False)  # noqa: FBT003 - the value that ends the committer
        await asyncio.to_thread(self._thread.join)
        with suppress(OSError):
            self._lock.write_holder()
        # SQLite does not touch the paths if they now lead to other files, which may belong to another engine.
        self._connection.close()
        self.reader._connection.close()  # noqa: SLF001 - our own class
        self._lock.release()

    def _run_turn(self) -> None:
        self._signals = CommitSignals()
        self._turn = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            end = self._world.monotonic() + TURN_MILLISECONDS
            while self._waiting and self._world.monotonic() < end:
                job = self._waiting.popleft()
                self._turn.append(job)
                self._run_job(job, end)
            self._presence.check()
        except Exception as error:  # noqa: BLE001 - each job of the turn receives it
            self._finish_turn(error, is_written=False)
        else:
            self._commits.put(True)  # noqa: FBT003 - the value that makes the committer commit

    def _run_job(self, job: _Job, turn_end: int) -> None:
        self._connection.execute("SAVEPOINT job")
        now, errors = self._world.now(), self.internal_errors
        tx = Tx(self._connection, CommitSignals(), now, turn_end, self.directory, errors, self.damage)
        job.after_undo = tx.after_undo
        try:
            job.result = job.run(tx)
            job.after_commit = tx.after_commit
            self._merge_signals(tx.signals)
        except sqlite3.OperationalError:
            raise
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - it belongs to the caller of the job
            # A future takes every exception but this one, which would end the coroutine that waits for it.
            job.error = Bug("a job raised StopIteration") if isinstance(error, StopIteration) else error
            self._connection.execute("ROLLBACK TO job")
            _undo(self.internal_errors, job.after_undo)
        self._connection.execute("RELEASE job")

    def _merge_signals(self, signals: CommitSignals) -> None:
        self._signals.outbox_rows += signals.outbox_rows
        if signals.earliest_timer is not None and (
            self._signals.earliest_timer is None or signals.earliest_timer < self._signals.earliest_timer
        ):
            self._signals.earliest_timer = signals.earliest_timer

    def _commit_turns(self) -> None:
        while self._commits.get():
            failure: Exception | None = None
            try:
                self._connection.execute("COMMIT")
            except Exception as error:  # noqa: BLE001 - the turn fails with it
                failure = error
            self._loop.call_soon_threadsafe(self._end_commit, failure)

    def _end_commit(self, failure: Exception | None) -> None:
        """Finish the turn; a commit counts only if the files are still in their place.

        If the files were moved during the commit, they contain the committed turn, but the caller gets an error. A
        caller that reads again after the files were put back finds the turn. The loop makes this check. The commit
        thread would have to wait for the interpreter's lock after each call.
        """
        is_written = failure is None or getattr(failure, "sqlite_errorcode", None) not in UNWRITTEN
        try:
            self._presence.check()
        except FilesDisplaced as error:
            failure = failure or error
        self._finish_turn(failure, is_written=is_written)

    def _finish_turn(self, failure: Exception | None, *, is_written: bool) -> None:
        """Resolve the jobs of a turn; `is_written`: its commit is in the WAL, or may be."""
        turn, signals, errors = self._turn, self._signals, self.internal_errors
        if failure is not None:
            self._roll_back()
            errors.call("dropping the caches after a lost turn", partial(self.on_rollback, failure))
            undone = [callback for job in turn for callback in job.after_undo]
            if is_written:
                self._undone += undone
            else:
                _undo(errors, undone)
        else:
            _undo(errors, self._undone)
        self._busy = bool(self._waiting)
        if self._busy:
            self._loop.call_soon(self._run_turn)
        for job in turn:
            self._resolve_future(job, failure)
        if failure is None:
            errors.call("announcing a commit", partial(self.on_commit, signals))
        if not self._busy:
            self._idle.set()

    def _resolve_future(self, job: _Job, failure: Exception | None) -> None:
        self.damage.note(failure or job.error)
        error = Unavailable(describe_loss(failure)) if failure is not None else job.error
        if error is None:
            self.internal_errors.call_all("a callback after a commit", job.after_commit)
        elif inspect.iscoroutine(job.result):
            job.result.close()  # close the coroutine that would have continued after the commit
        if job.future.done():
            return
        if error is None:
            job.future.set_result(job.result)
        elif isinstance(error, asyncio.CancelledError):
            job.future.cancel()
        else:
            job.future.set_exception(error)

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):  # the next turn cannot begin and rolls back again
                self._connection.execute("ROLLBACK")


async def _retry_while_unavailable(attempt: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await attempt()
        except Unavailable:
            await asyncio.sleep(RETRY_SECONDS)
