"""Read and change the users file of a data directory, which lists who may log in to the console.

Guarantees that a change is atomic, and that two changes at the same time are both kept. A file that is a symbolic link,
belongs to another user or can be written by others is refused: who controls it, controls who may log in. If a running
engine cannot read its users file, no user can log in until it is mended; the reason is logged once.
"""

import fcntl
import logging
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lamplighter.base.file_identity import file_identity
from lamplighter.base.files import make_path, write_file
from lamplighter.wire.access.users import InvalidUsers, Users, format_users, parse_users

USERS_FILE = "users"
"""The name of the users file in the data directory."""

MAX_BYTES = 1024 * 1024
"""The largest users file that is read: some 8,000 users. The engine reads it between two requests."""

log = logging.getLogger("lamplighter.access")


def load_users(file: Path) -> Users:
    """Return the users in a file; none if there is no file. Raises `InvalidUsers`."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe must not block
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        reason = "it is a symbolic link" if file.is_symlink() else (error.strerror or str(error)).lower()
        raise InvalidUsers(f"the users file {file} cannot be read: {reason}") from None
    if problem := _find_problem(os.fstat(descriptor)):
        os.close(descriptor)
        raise InvalidUsers(f"the users file {file} is not used: {problem}")
    with os.fdopen(descriptor, "rb") as opened:
        text = opened.read().decode("utf-8", "replace")
    try:
        return parse_users(text)
    except InvalidUsers as error:
        raise InvalidUsers(f"the users file {file} is invalid: {error}") from None


def _find_problem(found: os.stat_result) -> str | None:
    if not stat.S_ISREG(found.st_mode):
        return "it is not a regular file"
    if found.st_uid not in (os.geteuid(), 0):
        return f"it belongs to another user ({found.st_uid})"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "other users can write to it: run chmod 600"
    if found.st_size > MAX_BYTES:
        return f"it has {found.st_size} bytes, and at most {MAX_BYTES} are read"
    return None


def change_users(data: Path, change: Callable[[Users], Users]) -> None:
    """Replace the users of a data directory by what `change` returns for the present ones. Raises `InvalidUsers`."""
    make_path(data)
    with _locked(data):
        write_file(data / USERS_FILE, format_users(change(load_users(data / USERS_FILE))).encode())


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class UsersFile:
    """The users file of a running engine; it is read again when it has changed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: tuple[int, ...] | None = None
        self._users: Users = {}

    def read(self) -> Users:
        """Return the users as the file has them now; none if it cannot be read."""
        found = file_identity(self._file, follow_symlinks=False)
        if found != self._seen:
            self._seen = found
            self._users = {} if found is None else self._load()
        return self._users

    def _load(self) -> Users:
        try:
            return load_users(self._file)
        except InvalidUsers as error:
            log.error("no user can log in: %s", error)
            return {}
