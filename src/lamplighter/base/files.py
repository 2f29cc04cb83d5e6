"""Write files that survive a power cut: content and name are on disk when these functions return.

A write reaches only the page cache, and a renamed file may be empty after a power cut. Content is on disk after fsync
of the file, the name after fsync of its directory. See https://man7.org/linux/man-pages/man2/fsync.2.html.
"""

import os
from contextlib import suppress
from functools import partial
from io import FileIO
from pathlib import Path


def write_file(path: Path, content: bytes) -> None:
    """Replace a file atomically, for its owner only: after a crash it has the old or the new content."""
    draft = path.with_name(f".{path.name}.new")
    with suppress(FileNotFoundError):
        draft.unlink()  # A draft that a killed process left may have another mode.
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(path.parent)


def create_file(path: Path) -> FileIO:
    """Create a file for its owner only, and open it for writing without a buffer; nothing is synced. It must be new."""
    return FileIO(path, "x", opener=partial(os.open, mode=0o600))


def make_directory(path: Path) -> None:
    """Create a directory for its owner only if it is missing; its parent must exist."""
    if not path.is_dir():
        path.mkdir(mode=0o700, exist_ok=True)
        sync_directory(path.parent)


def make_path(path: Path) -> None:
    """Create a directory and its missing parents."""
    if not path.is_dir():
        if not path.parent.exists():
            make_path(path.parent)
        make_directory(path)


def sync_directory(path: Path) -> None:
    """Sync the names of the files in a directory to disk."""
    _sync(path, os.O_DIRECTORY)


def sync_file(path: Path) -> None:
    """Sync to disk what any process has written to a file; do nothing if the file does not exist."""
    with suppress(FileNotFoundError):
        _sync(path, 0)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
