"""One engine to a data directory, held by the kernel: the lock goes when its process does, however it ends."""

import fcntl
import os
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.base.files import make_path, sync_directory
from lamplighter.store.directory import LOCK


class DirectoryInUse(LamplighterError):
    """Another engine runs on this data directory."""


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
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = self._lines()[0]
            os.close(self._file)
            raise DirectoryInUse(
                f"another engine (process {holder or 'unknown'}) runs on {directory}; "
                "stop it first, or name another directory with --data"
            ) from None
        lines = self._lines()
        self.was_used = bool(lines[0])
        """Whether there was an engine before this one."""
        self.was_new = NEW in lines[1:]
        """Whether the one before this did not come as far as to have a database."""
        sync_directory(directory)  # What a killed engine made here has its name on disk from now on.

    def _lines(self) -> list[str]:
        return [line.strip() for line in os.pread(self._file, 64, 0).decode(errors="replace").split("\n")]

    def note(self, *, new: bool) -> None:
        """Write down who holds the lock, and whether there is no database yet."""
        text = f"{os.getpid()}\n{NEW}\n" if new else f"{os.getpid()}\n"
        os.pwrite(self._file, text.encode(), 0)
        os.ftruncate(self._file, len(text))
        os.fsync(self._file)

    def release(self) -> None:
        """Let another engine in."""
        os.close(self._file)
