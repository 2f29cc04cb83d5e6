"""Whether the files of a store are still where the next engine will look for them.

A file that was deleted, moved or replaced while it is open takes writes all the same, and nobody finds them again. So
the paths are compared with what was opened before and after each commit: three calls of stat(2), some microseconds.
Files that come back as they were (the same inodes) are fine again; copies of them are not: nobody knows what they lack.
"""

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path


class FilesDisplaced(sqlite3.OperationalError):
    """The files of the store are not where they were; nothing that is written now would be found again."""


class FilePresence:
    """Some open files, and the paths that led to them when this was made."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._known = {path: _identity(path) for path in map(str, paths)}

    def trouble(self) -> str:
        """What is wrong with the paths; empty if they lead where they did."""
        for path, known in self._known.items():
            try:
                found = _identity(path)
            except OSError as error:
                return f"{path} is gone ({(error.strerror or str(error)).lower()})"
            if found != known:
                return f"{path} is not the file that this engine opened: put that back, or stop and start the engine"
        return ""

    def check(self) -> None:
        """Raise Displaced if something is wrong."""
        if found := self.trouble():
            raise FilesDisplaced(found)


def _identity(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino
