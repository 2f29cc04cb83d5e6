"""Let only one engine use a data directory.

The lock is the kernel's, which releases it when the process ends, however it ends. An engine that is killed while it
starts a program leaves its lock to the child for a moment. The child has all files of the engine open until it becomes
the program (https://man7.org/linux/man-pages/man2/flock.2.html). A start waits for such a lock.
"""

import fcntl
import os
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.base.files import make_path, sync_directory
from lamplighter.base.world import sleep
from lamplighter.store.data_directory import LOCK


class DirectoryInUse(LamplighterError):
    """The error that another engine runs on this data directory."""


MAX_LOCK_ATTEMPTS = 3000
"""The most times that a start tries to get a lock whose engine has ended."""
MOMENTARY_ATTEMPTS = 10
"""The tries in which the lock may be one of `is_locked`; the process id in the file may be another process's by now."""
LOCK_RETRY_SECONDS = 0.01
"""Seconds between two of these tries."""
NO_DATABASE_YET = "new"
"""The second line of the lock file while the directory has no complete database yet."""
DATABASE_OPEN = "open"
"""The second line of the lock file while an engine has the database open; it stays if the engine is killed."""


class DirectoryLock:
    """The exclusive right to write in a directory, until `release` or the end of the process.

    The first line of the lock file is the process id of the current or last holder.
    """

    def __init__(self, directory: Path) -> None:
        make_path(directory)
        self._path = directory / LOCK
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._acquire(directory)
        except BaseException:
            os.close(self._file)
            raise
        lines = self._read_lines()
        self.was_used = bool(lines[0])
        """Whether another engine used the directory before this one."""
        self.had_no_database = NO_DATABASE_YET in lines[1:]
        """Whether the engine before this one stopped before its database was complete."""
        self.was_open = DATABASE_OPEN in lines[1:]
        """Whether the engine before this one did not close its database, so that there must be a WAL."""
        sync_directory(directory)  # Make the names of the files that a killed engine created here durable.

    def _acquire(self, directory: Path) -> None:
        for attempt in range(MAX_LOCK_ATTEMPTS):
            if try_lock(self._file):
                return
            holder = self._read_lines()[0]
            if attempt >= MOMENTARY_ATTEMPTS and not _has_ended(holder):
                raise DirectoryInUse(
                    f"another engine (process {holder or 'unknown'}) runs on {directory}; "
                    "stop it first, or name another directory with --data"
                )
            sleep(LOCK_RETRY_SECONDS)
        raise DirectoryInUse(
            f"the engine of {directory} (process {holder}) has ended, but a process that it started still has "
            f"{directory / LOCK} open; end that process, or name another directory with --data"
        )

    def _read_lines(self) -> list[str]:
        return [line.strip() for line in os.pread(self._file, 64, 0).decode(errors="replace").split("\n")]

    def write_holder(self, state: str = "") -> None:
        """Write this process's id into the lock file, and `NO_DATABASE_YET` or `DATABASE_OPEN` if that is the state."""
        text = f"{os.getpid()}\n" + (state and f"{state}\n")
        try:
            os.pwrite(self._file, text.encode(), 0)
            os.ftruncate(self._file, len(text))
            os.fsync(self._file)
        except OSError as error:  # which names no file
            raise OSError(error.errno, error.strerror, str(self._path)) from None

    def release(self) -> None:
        """Release the lock for another engine, even while a child that is just starting has the file open."""
        fcntl.flock(self._file, fcntl.LOCK_UN)
        os.close(self._file)


def find_holder(directory: Path) -> str | None:
    """Return the process id of the engine that uses a directory, or None if none does; changes nothing.

    The question itself holds the lock for some microseconds, together with others who ask.
    """
    try:
        file = os.open(directory / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(file, 64, 0).decode(errors="replace").split("\n")[0].strip() or "unknown"
    finally:
        os.close(file)  # which also releases the lock
    return None


def is_locked(directory: Path) -> bool:
    """Return whether an engine holds the lock of a directory; return False if its lock file cannot be opened."""
    try:
        return find_holder(directory) is not None
    except OSError:
        return False


def try_lock(file: int) -> bool:
    """Lock an open file or directory if no other process holds its lock; return whether this process holds it now."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _has_ended(pid: str) -> bool:
    """Return whether no process has this id; return False for text that is not a number."""
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, ValueError, OverflowError):  # Another user's process, or the text is no process id.
        return False
    return False
