"""Read the directory of one plain process, which has these files:

    alive    a FIFO that the shim holds open and locked: locked means that the shim lives; its bytes mean "more output"
    started  pid, the kernel's start time, the boot, milliseconds: written before the process begins, never changed
    log      one record per line: milliseconds, `o` or `e` for the stream (in capitals: the line continues), the text
    stop-signal  the number of the signal that asks the process to stop; only if it is not SIGTERM
    unlimited  why the process is not held to its limits; only if its cgroup could not be made
    exit     the code (or `refused`: it could not start, or `unknown`: the shim died), milliseconds, a reason

Guarantees that every file that this module reads is complete; `shim_log.py` reads `log`. This module writes only an
`unknown` exit and the stop signal.
"""

import fcntl
import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from lamplighter.base.files import make_directory, write_file
from lamplighter.runtime.port import OUT_OF_MEMORY, CannotStart, ContainerExit
from lamplighter.runtime.process import shim

SHIM_DIED = "the shim that watched this process was killed, or the machine went down: the exit code is unknown"


@dataclass(frozen=True, slots=True)
class SessionLeader:
    """The process itself, which leads its own session and process group."""

    pid: int
    start_time: str
    """The process's start in the kernel's ticks since the boot."""
    boot: str
    started_at: int
    """Milliseconds since the epoch."""


@dataclass(frozen=True, slots=True)
class ProcessDirectory:
    """The directory of one process."""

    path: Path

    def make(self) -> None:
        """Create the directory if it is missing; the data directory must exist.

        The shim syncs the directory's name, together with the start.
        """
        make_directory(self.path.parent)
        self.path.mkdir(mode=0o700, exist_ok=True)

    @property
    def alive(self) -> Path:
        """Return the path of the FIFO that the shim holds."""
        return self.path / "alive"

    @property
    def log(self) -> Path:
        """Return the path of the output file."""
        return self.path / "log"

    def read_leader(self) -> SessionLeader | None:
        """Return the process that was started here, or None."""
        lines = self._read_lines("started")
        return SessionLeader(int(lines[0]), lines[1], lines[2], int(lines[3])) if lines else None

    def read_exit(self) -> ContainerExit | None:
        """Return how the process ended, or None if no exit is recorded."""
        lines = self._read_lines("exit")
        if not lines:
            return None
        code = int(lines[0]) if lines[0].isdigit() else None
        reason = "\n".join(lines[2:]) or None
        return ContainerExit(code, int(lines[1]), OUT_OF_MEMORY if reason == shim.OUT_OF_MEMORY else reason)

    def read_refusal(self) -> CannotStart | None:
        """Return why the process could not start, or None if the start did not fail."""
        lines = self._read_lines("exit")
        if lines[:1] != ["refused"]:
            return None
        return CannotStart("\n".join(lines[2:]))

    def read_missing_limits(self) -> str | None:
        """Return why the process is not held to its limits, or None if it is, or was not meant to be."""
        return "\n".join(self._read_lines("unlimited")) or None

    def read_stop_signal(self) -> int:
        """Return the signal that asks the process to stop."""
        lines = self._read_lines("stop-signal")
        return int(lines[0]) if lines else signal.SIGTERM

    def write_stop_signal(self, number: int) -> None:
        """Record the signal that asks the process to stop, before the process starts."""
        write_file(self.path / "stop-signal", str(number).encode())

    def begin_again(self) -> None:
        """Forget how the process ran, but not its output, so that it can be started once more.

        If this is interrupted between the two files, the restart is not begun: the exit remains.
        """
        (self.path / "started").unlink(missing_ok=True)
        (self.path / "exit").unlink(missing_ok=True)

    def record_lost(self, now: int) -> ContainerExit:
        """Record that the process's exit code is lost and will never be known."""
        write_file(self.path / "exit", f"unknown\n{now}\n{SHIM_DIED}".encode())
        return ContainerExit(None, now, SHIM_DIED)

    def clear(self) -> None:
        """Remove the directory; if this is interrupted, it looks as if no process was ever started in it."""
        (self.path / "started").unlink(missing_ok=True)
        shutil.rmtree(self.path, ignore_errors=True)

    def _read_lines(self, name: str) -> list[str]:
        """Return the lines of a file, or none if it is missing: an engine reads a dozen files for each process."""
        try:
            descriptor = os.open(f"{self.path}/{name}", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return []
        try:
            text = os.read(descriptor, os.fstat(descriptor).st_size).decode()
        finally:
            os.close(descriptor)
        return text.split("\n") if text else []  # Empty: an older version did not sync the file before a power cut.


def is_locked(alive: int) -> bool:
    """Return whether a shim holds the lock of this open FIFO."""
    try:
        fcntl.flock(alive, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(alive, fcntl.LOCK_UN)
    return False
