"""One engine to a data directory, held by the kernel: the lock goes when its process does, however it ends."""

import fcntl
import os
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.base.files import make_path, sync_directory


class DirectoryInUse(LamplighterError):
    """Another engine runs on this data directory."""


class DirectoryLock:
    """The exclusive right to write below a directory, until it is released or the process is gone."""

    def __init__(self, directory: Path) -> None:
        make_path(directory)
        self._file = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, 32, 0).decode(errors="replace").strip()
            os.close(self._file)
            raise DirectoryInUse(
                f"another engine (process {holder or 'unknown'}) runs on {directory}; "
                "stop it first, or name another directory with --data"
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)
        sync_directory(directory)  # What a killed engine made here has its name on disk from now on.

    def release(self) -> None:
        """Let another engine in."""
        os.close(self._file)
