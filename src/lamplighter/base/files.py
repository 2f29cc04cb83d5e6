"""Files that survive a power cut: content and name are on disk when these functions return.

A file that was written is in the page cache only, and a file that was renamed may come back empty: the content is on
disk after fsync of the file, the name after fsync of its directory. See
https://man7.org/linux/man-pages/man2/fsync.2.html.
"""

import os
from contextlib import suppress
from pathlib import Path


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole, for its owner only: after a crash it is there with this content, or as it was before."""
    draft = path.with_name(f".{path.name}.new")
    with suppress(FileNotFoundError):
        draft.unlink()  # A draft that a killed process left may have another mode.
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(path.parent)


def make_directory(path: Path) -> None:
    """Make a directory for its owner only, where it is missing; the one above it has to be there."""
    if not path.is_dir():
        path.mkdir(mode=0o700, exist_ok=True)
        sync_directory(path.parent)


def make_path(path: Path) -> None:
    """Make a directory and those above it, where they are missing."""
    if not path.is_dir():
        if not path.parent.exists():
            make_path(path.parent)
        make_directory(path)


def sync_directory(path: Path) -> None:
    """Put the names in a directory on disk."""
    _sync(path, os.O_DIRECTORY)


def sync_file(path: Path) -> None:
    """Put on disk what anybody has written to a file; harmless where there is none."""
    with suppress(FileNotFoundError):
        _sync(path, 0)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
