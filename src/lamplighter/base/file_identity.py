"""Find out whether a file was replaced or written, without reading it."""

from pathlib import Path


def file_identity(file: Path, *, follow_symlinks: bool = True) -> tuple[int, int, int, int] | None:
    """Return a file's device, inode, change time and size, one of which changes with the file; None without a file."""
    try:
        found = file.stat(follow_symlinks=follow_symlinks)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_ctime_ns, found.st_size
