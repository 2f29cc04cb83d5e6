"""Check, protect and set aside the engine's files in the data directory.

Guarantees that only the owner of the directory can read the engine's files, even if their modes and the umask allowed
more. Guarantees that an engine never starts with an empty database if the directory had one before: the start fails
with an error that explains the remedy. Does not touch other files in the directory, does not follow symbolic links and
does not delete: files that would block a new start are moved to a folder.
"""

import logging
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.base.files import sync_directory

log = logging.getLogger("lamplighter.store")

DATABASE, LOCK, STEP_MARK = "lamplighter.db", "lock", "step"
WAL, SHARED_MEMORY = f"{DATABASE}-wal", f"{DATABASE}-shm"
OBJECTS, INCOMING_OBJECTS = "objects", "objects/incoming"
"""The folder of S3's objects, and that of bodies that are being received."""
SECRETS_KEY = "secrets.key"
"""The file with the key that encrypts stored secrets."""
HANDOVER = "handover.json"
"""The file with the handover of a move between this box and AWS (`cli/up/handover_file.py`)."""
RUNTIME_PATHS = (
    *(DATABASE, WAL, SHARED_MEMORY, "processes", "output", "mail", "sns", "address", STEP_MARK, OBJECTS, SECRETS_KEY),
)
"""The files and folders that an engine writes in the data directory while it runs."""
UPGRADE_COPY_PREFIX = f"{DATABASE}.schema-"
"""The prefix of the name of the copy that is made before an upgrade; the number of the old schema follows."""
ENGINE_PATHS = (*RUNTIME_PATHS, LOCK, "credentials", "users", HANDOVER)
"""All files and folders of the data directory that belong to the engine."""
OWNER_ONLY_MODE = 0o700
"""The mode of a folder that only its owner can enter."""
SET_ASIDE_PREFIX = "aside-"
"""The prefix of the name of a folder that holds files that were set aside."""


class NoDatabase(LamplighterError):
    """The error that the directory had a database before and has none now."""


def is_first_start(directory: Path, *, had_no_database: bool, was_used: bool) -> bool:
    """Return whether the engine starts here for the first time; return False if it continues with existing data.

    `had_no_database`: the last engine stopped before its database was complete. `was_used`: an engine used the
    directory before. Raises `NoDatabase` if the directory was used but the database is missing or empty.
    """
    database = directory / DATABASE
    if had_no_database:
        return True
    if database.exists() and database.stat().st_size > 0:
        return False
    if not _remaining_files(directory) and not was_used and not database.exists():
        return True
    raise NoDatabase(
        f"{_missing_database(directory)}, name the right data directory (--data), or start with --new, which moves the "
        "remaining files aside and starts empty"
    )


def explain_missing_database(directory: Path) -> str:
    """Return what is the case if a directory has no database, and what to do."""
    if has_lost_database(directory):
        return f"{_missing_database(directory)}, or name the right data directory (--data)"
    return f"no engine has run on {directory}: name an engine's data directory (--data)"


def has_lost_database(directory: Path) -> bool:
    """Return whether a directory has no database, although an engine has used it."""
    was_used = bool(_remaining_files(directory)) or (directory / LOCK).exists()
    return was_used and not (directory / DATABASE).exists()


def _missing_database(directory: Path) -> str:
    is_empty, remaining = (directory / DATABASE).exists(), _remaining_files(directory)
    found = f" (found: {', '.join(remaining)})" if remaining else ""
    command = f"lamplighter restore FILE --data {directory}{' --force' if is_empty else ''}"
    return (
        f"{directory / DATABASE} is {'empty' if is_empty else 'missing'}, although an engine has used this directory"
        f"{found}: restore a backup (`{command}`)"
    )


def _remaining_files(directory: Path) -> list[str]:
    """Return the names of what an engine has written in a directory, except for the database."""
    return [name for name in RUNTIME_PATHS if name != DATABASE and (directory / name).exists()]


def set_aside(directory: Path, name: str, paths: Iterable[str] = RUNTIME_PATHS) -> Path | None:
    """Move the files of earlier engines into a new folder of the directory; return it, or None if there are none."""
    remaining = [each for each in paths if os.path.lexists(directory / each)]
    if not remaining:
        return None
    folder = directory / (SET_ASIDE_PREFIX + name)
    folder.mkdir(mode=0o700)
    for each in remaining:
        (directory / each).rename(folder / each)
    sync_directory(folder)
    sync_directory(directory)
    return folder


def make_database(directory: Path) -> None:
    """Create the file of a new database with mode 0600, because SQLite would let others read it.

    SQLite gives the same mode to the other files of the database.
    """
    os.close(os.open(directory / DATABASE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    sync_directory(directory)


def restrict_access(directory: Path) -> None:
    """Let only the owner read the engine's files in the directory; log a warning if that is not possible."""
    found = directory.stat()
    if found.st_uid != os.geteuid():
        log.warning(
            "the data directory %s belongs to another user (%d), who controls its permissions",
            directory,
            found.st_uid,
        )
    elif found.st_mode & stat.S_ISVTX or directory.resolve() == Path("/"):
        log.warning(
            "the data directory %s is shared with other users; choose a separate directory with --data", directory
        )
    else:
        _set_mode(directory, found)
    for name in os.listdir(directory):
        if name in ENGINE_PATHS or name.startswith((SET_ASIDE_PREFIX, UPGRADE_COPY_PREFIX)):
            _restrict_path(directory / name)


def _restrict_path(path: Path) -> None:
    """Restrict a file, or a folder and its content, to the owner.

    The content of a folder is skipped if the folder already had the right mode. So a start does not take longer the
    more files there are.
    """
    try:
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode):
            return
        had_other_mode = stat.S_IMODE(found.st_mode) != OWNER_ONLY_MODE
        _set_mode(path, found)
        inside = os.listdir(path) if had_other_mode and stat.S_ISDIR(found.st_mode) else []
    except FileNotFoundError:  # a running process writes here too
        return
    except OSError as error:
        log.warning("others may be able to read %s: %s", path, (error.strerror or str(error)).lower())
        return
    for each in inside:
        _restrict_path(path / each)


def _set_mode(path: Path, found: os.stat_result) -> None:
    mode = OWNER_ONLY_MODE if stat.S_ISDIR(found.st_mode) else 0o600
    if stat.S_IMODE(found.st_mode) != mode:
        path.chmod(mode)
