"""The data directory: what in it is ours, who can read it, and whether an engine may begin in it.

Promises that nobody but its owner can read what is kept, whatever the modes and the umask were, and that an engine
never begins with an empty database where there was one before: it refuses in words. Refuses to touch what is not ours
in the directory, to follow symbolic links, and to delete: what stands in the way of a new beginning is set aside.
"""

import logging
import os
import stat
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.base.files import sync_directory

log = logging.getLogger("lamplighter.store")

DATABASE, LOCK = "lamplighter.db", "lock"
WAL, SHARED_MEMORY = f"{DATABASE}-wal", f"{DATABASE}-shm"
KEPT = (DATABASE, WAL, SHARED_MEMORY, "processes", "output", "mail", "sns", "address", "step")
"""What an engine leaves in the directory by its work."""
OURS = (*KEPT, LOCK, "credentials")
"""Everything of ours there."""
CLOSED = 0o700
"""The mode of a folder that only its owner can enter."""
SET_ASIDE_PREFIX = "aside-"
"""How the name of a folder begins that holds what was set aside."""


class NoDatabase(LamplighterError):
    """There was a database in the directory, and there is none now."""


def is_first_start(directory: Path, *, was_new: bool, was_used: bool) -> bool:
    """Whether an engine begins here; False where it goes on with what is there. Raises NoDatabase.

    `was_new`: the last engine here did not come as far as to have a database; `was_used`: there was an engine.
    """
    database = directory / DATABASE
    if was_new:
        return True
    if database.exists() and database.stat().st_size > 0:
        return False
    left = [name for name in KEPT if name != DATABASE and (directory / name).exists()]
    if not left and not was_used and not database.exists():
        return True
    state = "is empty" if database.exists() else "is missing"
    raise NoDatabase(
        f"{database} {state}, although an engine has run here"
        f"{' and left ' + ', '.join(left) if left else ''}: put the database back with the files beside it "
        f"({WAL}), or begin anew with --new, which sets aside what is left"
    )


def set_aside(directory: Path, name: str) -> Path | None:
    """Move what engines left in the directory into a folder in it; the folder, or None if there was nothing."""
    left = [each for each in KEPT if os.path.lexists(directory / each)]
    if not left:
        return None
    folder = directory / (SET_ASIDE_PREFIX + name)
    folder.mkdir(mode=0o700)
    for each in left:
        (directory / each).rename(folder / each)
    sync_directory(folder)
    sync_directory(directory)
    return folder


def make_database(directory: Path) -> None:
    """Make the file of a new database, which SQLite would let others read; its other files get the same mode."""
    os.close(os.open(directory / DATABASE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    sync_directory(directory)


def restrict_access(directory: Path) -> None:
    """Let only the owner read what is ours in the directory; say so where that is not possible."""
    found = directory.stat()
    if found.st_uid != os.geteuid():
        log.warning(
            "the data directory %s belongs to another user (%d): who can read it is for them to say",
            directory,
            found.st_uid,
        )
    elif found.st_mode & stat.S_ISVTX or directory.resolve() == Path("/"):
        log.warning("the data directory %s is shared with others: name one of its own with --data", directory)
    else:
        _set_mode(directory, found)
    for name in os.listdir(directory):
        if name in OURS or name.startswith(SET_ASIDE_PREFIX):
            _close(directory / name)


def _close(path: Path) -> None:
    """Close a file, or a folder and what is in it, unless it was closed all along.

    So the start does not take longer with all that was ever written.
    """
    try:
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode):
            return
        was_open = stat.S_IMODE(found.st_mode) != CLOSED
        _set_mode(path, found)
        inside = os.listdir(path) if was_open and stat.S_ISDIR(found.st_mode) else []
    except FileNotFoundError:  # a process that runs writes here too
        return
    except OSError as error:
        log.warning("others may be able to read %s: %s", path, (error.strerror or str(error)).lower())
        return
    for each in inside:
        _close(path / each)


def _set_mode(path: Path, found: os.stat_result) -> None:
    wanted = CLOSED if stat.S_ISDIR(found.st_mode) else 0o600
    if stat.S_IMODE(found.st_mode) != wanted:
        path.chmod(wanted)
