"""Check that the files of a store are still where the next engine will look for them.

A file that was deleted, moved or replaced while it is open still accepts writes, but those writes cannot be found
again. So the paths are compared with the opened files before and after each commit, which costs three calls of stat(2),
some microseconds. If the same files (the same inodes) are put back, the check succeeds again. Copies of the files fail
the check, because they may lack writes.
"""

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path


class FilesDisplaced(sqlite3.OperationalError):
    """The error that the files of the store were moved, so that new writes would not be found again."""


class FilePresence:
    """Some paths, with the identities of the files that they led to when this object was made."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._identities = {path: _identity(path) for path in map(str, paths)}

    def find_problem(self) -> str:
        """Return a description of the first path that no longer leads to its file, or an empty string."""
        for path, known in self._identities.items():
            try:
                found = _identity(path)
            except OSError as error:
                return f"{path} is gone ({(error.strerror or str(error)).lower()})"
            if found != known:
                return f"{path} is not the file that this engine opened; restore that file, or restart the engine"
        return ""

    def check(self) -> None:
        """Raise `FilesDisplaced` if a path no longer leads to its file."""
        if found := self.find_problem():
            raise FilesDisplaced(found)


def _identity(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino
