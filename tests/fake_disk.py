"""The disk under a store, which a test can fill, and on which a test can let the process die."""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lamplighter.base.json_text import Json
from lamplighter.store import db

HANGS = 300
"""Seconds after which a thread that does not come back is an error."""
WRITES = ("INSERT", "UPDATE", "DELETE")

connect = db._connect


@dataclass(frozen=True, slots=True)
class Death:
    """The process dies at its n-th commit from now, before or after that commit is on disk."""

    commit: int
    before: bool


@dataclass(slots=True)
class Disk:
    """One disk."""

    full: str = ""
    """What is refused: "" nothing, "write" whatever writes, "COMMIT" what would be kept."""
    refused: int = 0
    """How often something was."""
    commits: int = 0
    """How many were made."""
    death: Death | None = None
    dead: bool = False
    on_death: Callable[[], object] = lambda: None
    committing: threading.Lock = field(default_factory=threading.Lock)
    """Held while a commit is under way, in the thread of its store: nobody may close the connection meanwhile."""
    committed: threading.Condition = field(init=False)
    """Told when a turn has come to its end in the thread of its store."""
    _in_turn: bool = False
    """Whether a turn has begun and not ended; a store has one at a time."""
    _until: int | None = None
    _connections: list[sqlite3.Connection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.committed = threading.Condition(self.committing)

    def connect(self, path: Path, *, read_only: bool, first_start: bool = False) -> "sqlite3.Connection | Connection":
        """What the store calls to open its database."""
        real = connect(path, read_only=read_only, first_start=first_start)
        self._connections.append(real)
        return real if read_only else Connection(real, self)

    def release(self) -> None:
        """Let go of the files, as the kernel does for a process that is gone; `committing` has to be held."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._in_turn = False

    def fill(self, what: str, until: int | None = None) -> None:
        """Let it be full: for good, or until it has refused so often."""
        self.full, self.refused, self._until = what, 0, until

    def meet(self, sql: str) -> None:
        """A statement is about to run."""
        if self.full and (sql == self.full or (self.full == "write" and sql.lstrip().startswith(WRITES))):
            self.refused += 1
            if self.refused == self._until:
                self.full = ""
            raise sqlite3.OperationalError("database or disk is full")

    def begin(self) -> None:
        """A turn begins."""
        with self.committed:
            self._in_turn = True

    def end(self) -> None:
        """A turn has ended, well or not."""
        with self.committed:
            self._in_turn = False
            self.committed.notify_all()

    def rest(self) -> None:
        """Wait for the commit that is under way, so that what was counted does not depend on how fast a thread is."""
        with self.committed:
            assert self.committed.wait_for(lambda: not self._in_turn, HANGS), "a commit hangs"

    def commit(self, connection: sqlite3.Connection) -> sqlite3.Cursor:
        """Commit, or die; a process that is gone commits nothing."""
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
    """A connection to it, as far as a store needs one."""

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
            self._disk.meet(sql)
            return self._disk.commit(self._real) if sql == "COMMIT" else self._real.execute(sql, parameters)
        finally:
            if sql in ("COMMIT", "ROLLBACK"):
                self._disk.end()

    def executemany(self, sql: str, parameters: Sequence[Sequence[Json]]) -> sqlite3.Cursor:
        self._disk.meet(sql)
        return self._real.executemany(sql, parameters)

    def close(self) -> None:
        self._real.close()
