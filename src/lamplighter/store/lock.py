"""One engine to a data directory, held by the kernel: the lock goes when its process does, however it ends.

An engine that is killed while it starts a program leaves its lock for a moment to the child, which has all its files
until it becomes the program (https://man7.org/linux/man-pages/man2/flock.2.html): a start waits for such a lock.
"""

import fcntl
import os
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.base.files import make_path, sync_directory
from lamplighter.base.world import sleep
from lamplighter.store.data_directory import LOCK


class DirectoryInUse(LamplighterError):
    """Another engine runs on this data directory."""


LOOKS = 3000
"""How often a lock whose engine has ended is tried again before the start is refused."""
PAUSE = 0.01
"""Seconds between two of these looks."""
NEW = "new"
"""The second line of the file as long as the directory has no database that was ever committed to."""


class DirectoryLock:
    """The exclusive right to write below a directory, until it is released or the process is gone.

    The file holds the number of the process that holds it, or held it last.
    """

    def __init__(self, directory: Path) -> None:
        make_path(directory)
        self._file = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._take(directory)
        except BaseException:
            os.close(self._file)
            raise
        lines = self._lines()
        self.was_used = bool(lines[0])
        """Whether there was an engine before this one."""
        self.was_new = NEW in lines[1:]
        """Whether the one before this did not come as far as to have a database."""
        sync_directory(directory)  # What a killed engine made here has its name on disk from now on.

    def _take(self, directory: Path) -> None:
        for _ in range(LOOKS):
            if _try_lock(self._file):
                return
            holder = self._lines()[0]
            if not _has_ended(holder):
                raise DirectoryInUse(
                    f"another engine (process {holder or 'unknown'}) runs on {directory}; "
                    "stop it first, or name another directory with --data"
                )
            sleep(PAUSE)
        raise DirectoryInUse(
            f"the engine of {directory} (process {holder}) has ended, but a process that it started still has "
            f"{directory / LOCK} open; end that process, or name another directory with --data"
        )

    def _lines(self) -> list[str]:
        return [line.strip() for line in os.pread(self._file, 64, 0).decode(errors="replace").split("\n")]

    def note(self, *, new: bool) -> None:
        """Write down who holds the lock, and whether there is no database yet."""
        text = f"{os.getpid()}\n{NEW}\n" if new else f"{os.getpid()}\n"
        os.pwrite(self._file, text.encode(), 0)
        os.ftruncate(self._file, len(text))
        os.fsync(self._file)

    def release(self) -> None:
        """Let another engine in, also while a child that is just being started has the file open."""
        fcntl.flock(self._file, fcntl.LOCK_UN)
        os.close(self._file)


def _try_lock(file: int) -> bool:
    """Lock the file if nobody else holds its lock; return whether this engine holds it now."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _has_ended(pid: str) -> bool:
    """Return whether no process has this number; False for text that is no number."""
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, ValueError, OverflowError):  # Another user runs it, or the text is no process's number.
        return False
    return False
