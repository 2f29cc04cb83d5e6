"""A fake disk under a store: a test can fill it, or let the process die at a commit."""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lamplighter.base.json_text import Json
from lamplighter.store import db

MAX_SECONDS = 300
"""Seconds after which a thread that has not ended is an error."""
WRITES = ("INSERT", "UPDATE", "DELETE")

connect = db._connect


@dataclass(frozen=True, slots=True)
class Death:
    """The death of the process at its n-th commit, before or after that commit is on disk."""

    commit: int
    before: bool


@dataclass(slots=True)
class Disk:
    """A fake disk."""

    full: str = ""
    """The refused statements: "" none, "write" all that write, "COMMIT" commits."""
    refused: int = 0
    """The number of refused statements."""
    commits: int = 0
    """The number of commits."""
    death: Death | None = None
    dead: bool = False
    on_death: Callable[[], object] = lambda: None
    committing: threading.Lock = field(default_factory=threading.Lock)
    """Held while the store's thread commits: the connection must not be closed meanwhile."""
    committed: threading.Condition = field(init=False)
    """Notified when a turn has ended in the store's thread."""
    _in_turn: bool = False
    """Whether a turn has begun and not ended; a store has one at a time."""
    _until: int | None = None
    _connections: list[sqlite3.Connection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.committed = threading.Condition(self.committing)

    def connect(self, path: Path, *, read_only: bool, first_start: bool = False) -> "sqlite3.Connection | Connection":
        """Open the database; replaces the store's own function."""
        real = connect(path, read_only=read_only, first_start=first_start)
        self._connections.append(real)
        return real if read_only else Connection(real, self)

    def release(self) -> None:
        """Close the files, as the kernel does for a dead process; the caller must hold `committing`."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._in_turn = False

    def fill(self, what: str, until: int | None = None) -> None:
        """Let the disk be full, for ever or until it has refused `until` statements."""
        self.full, self.refused, self._until = what, 0, until

    def check_statement(self, sql: str) -> None:
        """Raise an error if the disk refuses this statement."""
        if self.full and (sql == self.full or (self.full == "write" and sql.lstrip().startswith(WRITES))):
            self.refused += 1
            if self.refused == self._until:
                self.full = ""
            raise sqlite3.OperationalError("database or disk is full")

    def begin(self) -> None:
        """Record the start of a turn."""
        with self.committed:
            self._in_turn = True

    def end(self) -> None:
        """Record the end of a turn, successful or not."""
        with self.committed:
            self._in_turn = False
            self.committed.notify_all()

    def wait_for_turn(self) -> None:
        """Wait for the running turn, so that the number of commits does not depend on the speed of a thread."""
        with self.committed:
            assert self.committed.wait_for(lambda: not self._in_turn, MAX_SECONDS), "a commit hangs"

    def commit(self, connection: sqlite3.Connection) -> sqlite3.Cursor:
        """Commit, or let the process die; a dead process commits nothing."""
        with self.committing:
            if connection not in self._connections:
                raise sqlite3.ProgrammingError("the process is gone")
            self.commits += 1
            death = self.death
            if death is None or self.commits != death.commit:
                return connection.execute("COMMIT")
            self.dead, self.death = True, None
            cursor = connection.execute("ROLLBACK" if death.before else "COMMIT")
            self.on_death()
            return cursor


class Connection:
    """A connection on a fake disk, with the methods that a store needs."""

    def __init__(self, real: sqlite3.Connection, disk: Disk) -> None:
        self._real = real
        self._disk = disk

    @property
    def in_transaction(self) -> bool:
        return self._real.in_transaction

    def execute(self, sql: str, parameters: Sequence[Json] = ()) -> sqlite3.Cursor:
        if sql.startswith("BEGIN"):
            self._disk.begin()
        try:
            self._disk.check_statement(sql)
            return self._disk.commit(self._real) if sql == "COMMIT" else self._real.execute(sql, parameters)
        finally:
            if sql in ("COMMIT", "ROLLBACK"):
                self._disk.end()

    def executemany(self, sql: str, parameters: Sequence[Sequence[Json]]) -> sqlite3.Cursor:
        self._disk.check_statement(sql)
        return self._real.executemany(sql, parameters)

    def close(self) -> None:
        self._real.close()
