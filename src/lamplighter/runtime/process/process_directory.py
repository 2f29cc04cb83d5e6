"""The directory of one plain process: what each file means, and what can be read from it.

    alive    a FIFO that the shim holds open and locked: locked means that the shim lives; its bytes say "more output"
    started  pid, the kernel's start time, the boot, milliseconds: written before the process begins, never changed
    log      one record per line: milliseconds, `o` or `e` for the stream (in capitals: the line goes on), the text
    exit     the code (or `refused`: it could not start, or `unknown`: the shim died), milliseconds, a reason

Promises that whatever is read was written whole. Refuses to write anything but an `unknown` exit.
"""

import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from lamplighter.base.files import make_directory, write_file
from lamplighter.runtime.port import CannotStart, ContainerExit

SHIM_DIED = "the process that kept this one was killed, or the machine went down: its exit code is not known"


@dataclass(frozen=True, slots=True)
class SessionLeader:
    """The process itself, which leads a session and a process group of its own."""

    pid: int
    start_time: str
    """In the kernel's ticks since the boot."""
    boot: str
    started_at: int
    """Milliseconds since the epoch."""


@dataclass(frozen=True, slots=True)
class ProcessDirectory:
    """Reads one directory."""

    path: Path

    def make(self) -> None:
        """Make the directory and its FIFO where they are missing; the data directory has to be there."""
        for directory in (self.path.parent, self.path):
            make_directory(directory)
        if not self.alive.exists():
            os.mkfifo(self.alive, 0o600)

    @property
    def alive(self) -> Path:
        """The FIFO that the shim holds."""
        return self.path / "alive"

    @property
    def log(self) -> Path:
        """The output."""
        return self.path / "log"

    def leader(self) -> SessionLeader | None:
        """Return the process that was begun here, if one was."""
        lines = _lines(self.path / "started")
        return SessionLeader(int(lines[0]), lines[1], lines[2], int(lines[3])) if lines else None

    def ended(self) -> ContainerExit | None:
        """Return how it ended, if that is on record."""
        lines = _lines(self.path / "exit")
        if not lines:
            return None
        code = int(lines[0]) if lines[0].isdigit() else None
        return ContainerExit(code, int(lines[1]), "\n".join(lines[2:]) or None)

    def refusal(self) -> CannotStart | None:
        """Return why it could not start, if so it was."""
        lines = _lines(self.path / "exit")
        if lines[:1] != ["refused"]:
            return None
        return CannotStart("\n".join(lines[2:]))

    def record_lost(self, now: int) -> ContainerExit:
        """Record that its exit code will never be known."""
        write_file(self.path / "exit", f"unknown\n{now}\n{SHIM_DIED}".encode())
        return ContainerExit(None, now, SHIM_DIED)

    def clear(self) -> None:
        """Remove the directory; what is left, should this be cut short, looks like one in which nothing was begun."""
        (self.path / "started").unlink(missing_ok=True)
        shutil.rmtree(self.path, ignore_errors=True)


def is_locked(alive: int) -> bool:
    """Tell whether a shim holds the lock of this open FIFO."""
    try:
        fcntl.flock(alive, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(alive, fcntl.LOCK_UN)
    return False


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text()
    except FileNotFoundError:
        return []
    return text.split("\n") if text else []  # Empty: a power cut took what was never synced, as versions before did it.
