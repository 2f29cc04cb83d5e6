"""Restore a backup, or a copied database, into a data directory.

Guarantees that nothing is put in place before everything is unpacked, verified and on disk, and that the database comes
last: a restore that is interrupted leaves a directory that `up` refuses, or the old state, or the new one. Deletes
nothing: what it replaces is set aside. Rejects a directory whose engine runs. Plain processes stay where they are, so
that the restored engine finds those that still run.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.base.files import sync_directory
from lamplighter.base.world import format_iso_time
from lamplighter.store.backups.backup_archive import (
    FILES,
    FOLDERS,
    SQLITE_MAGIC,
    InvalidBackup,
    Manifest,
    unpack_archive,
)
from lamplighter.store.backups.database_copy import UnreadableDatabase, copy_database, open_read_only
from lamplighter.store.backups.restores import record_restore
from lamplighter.store.data_directory import (
    DATABASE,
    LOCK,
    OBJECTS,
    SHARED_MEMORY,
    STEP_MARK,
    WAL,
    NoDatabase,
    set_aside,
)
from lamplighter.store.database_identity import DatabaseIdentity, NotAnEngineDatabase, verify_database
from lamplighter.store.lock import DirectoryLock
from lamplighter.store.migrate import migrate

STAGING = ".restore"
"""The folder of the data directory in which a backup is unpacked."""
GZIP_MAGIC = b"\x1f\x8b"
DATABASE_FILES = (DATABASE, WAL, SHARED_MEMORY, STEP_MARK, "address")
"""What belongs to the present database, and is set aside with it."""


class RestoreFailed(LamplighterError):
    """The error that a backup was not restored; the data directory is as it was."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored."""

    identity: DatabaseIdentity
    created: int
    """When the backup was made, in milliseconds since the epoch."""
    manifest: Manifest | None
    """What the backup says of itself; None for a copied database."""
    aside: Path | None
    """The folder with what was there before."""


def restore_backup(source: BufferedReader, path: Path | None, directory: Path, now: int, *, force: bool) -> Restored:
    """Restore a backup, or a database file, from a file or a stream; `path` is the file's.

    `force`: set aside an engine's data that the directory has. Raises `RestoreFailed`, and `DirectoryInUse` if an
    engine runs on the directory.
    """
    with _explained(str(path or "the backup"), directory), _locked(directory) as lock:
        if not force and os.path.lexists(directory / DATABASE):
            raise RestoreFailed(
                f"{directory} has a database already: name another directory with --data, or use --force, which sets "
                "the present data aside"
            )
        staging = _make_staging(directory)
        try:
            manifest = _unpack(source, path, staging)
            created = _changed(path, now) if manifest is None else manifest.created
            identity = _verify(staging / DATABASE, created, now)
            _give_to_owner(directory, (directory / LOCK, *staging.rglob("*")))
            os.sync()
            lock.write_holder()  # from now on, `up` refuses the directory until it has the database
            aside = _put_in_place(staging, directory, now, has_objects=manifest is not None)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        return Restored(identity, created, manifest, aside)


@contextmanager
def _locked(directory: Path) -> Iterator[DirectoryLock]:
    """Hold the lock of a data directory; if the block fails, remove the directory if it did not exist before."""
    existed, lock_existed = directory.exists(), (directory / LOCK).exists()
    lock = DirectoryLock(directory)
    try:
        yield lock
    except BaseException:
        if not lock_existed:
            (directory / LOCK).unlink()
        if not existed:
            directory.rmdir()
        raise
    finally:
        lock.release()


def _make_staging(directory: Path) -> Path:
    staging = directory / STAGING
    shutil.rmtree(staging, ignore_errors=True)  # a restore that was killed left it
    staging.mkdir(mode=0o700)
    return staging


def _unpack(source: BufferedReader, path: Path | None, staging: Path) -> Manifest | None:
    """Unpack a backup, or copy a database; return the manifest of a backup."""
    start = source.peek(len(SQLITE_MAGIC))
    if start.startswith(GZIP_MAGIC):
        return unpack_archive(source, staging)
    if not start.startswith(SQLITE_MAGIC):
        raise InvalidBackup("it is neither a backup of lamplighter nor a database")
    if path is None:
        with os.fdopen(os.open(staging / DATABASE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            shutil.copyfileobj(source, file)
    else:
        copy_database(path, staging / DATABASE)  # with its WAL, if it has one
    return None


def _changed(path: Path | None, now: int) -> int:
    """Return when a copied database was last changed: its content may be older."""
    return now if path is None else int(path.stat().st_mtime * 1000)


def _verify(database: Path, created: int, now: int) -> DatabaseIdentity:
    """Verify an unpacked database, bring it to this program's schema, and record in it that it is restored."""
    with closing(open_read_only(database)) as connection:
        identity = verify_database(connection)
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")  # whatever copied it, it is one file from now on
        migrate(connection, first_start=False)
        record_restore(connection, created, now)
    for name in (WAL, SHARED_MEMORY):
        (database.parent / name).unlink(missing_ok=True)
    return identity


def _put_in_place(staging: Path, directory: Path, now: int, *, has_objects: bool) -> Path | None:
    """Set aside what the unpacked files replace, and move them into the directory, the database last.

    The next engine deletes the objects that the restored database does not name, so those of the present one are set
    aside with it; a copied database, which comes without objects, may name them, too.
    """
    unpacked = [name for name in (*FILES, *FOLDERS) if (staging / name).exists()]
    replaced = dict.fromkeys((*DATABASE_FILES, *unpacked, *((OBJECTS,) if has_objects else ())))
    aside = set_aside(directory, format_iso_time(now).replace(":", ""), replaced)
    if aside is not None and not has_objects and (directory / OBJECTS).is_dir():
        shutil.copytree(directory / OBJECTS, aside / OBJECTS, copy_function=_link_or_copy)
        _give_to_owner(directory, (aside / OBJECTS, *(aside / OBJECTS).rglob("*")))
        os.sync()
    _give_to_owner(directory, [] if aside is None else [aside])
    for name in (*unpacked, DATABASE):
        (staging / name).rename(directory / name)
        sync_directory(directory)
    return aside


def _link_or_copy(source: str, target: str) -> None:
    """Give a file a second name; copy it on a file system that cannot. The files of objects never change."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _give_to_owner(directory: Path, paths: Iterable[Path]) -> None:
    """If root restores, give files to the owner of the directory, as whom the engine runs."""
    if os.geteuid() == 0:
        owner = directory.stat()
        for path in paths:
            os.chown(path, owner.st_uid, owner.st_gid)


@contextmanager
def _explained(name: str, directory: Path) -> Iterator[None]:
    try:
        yield
    except (InvalidBackup, NotAnEngineDatabase, UnreadableDatabase, NoDatabase) as error:
        raise RestoreFailed(f"{name} cannot be restored: {error}") from error
    except sqlite3.Error as error:
        raise RestoreFailed(f"{name} cannot be restored into {directory}: {error}") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        place = f"{error.filename}: " if error.filename else ""  # a write names no file
        raise RestoreFailed(f"{name} cannot be restored into {directory} ({place}{reason})") from error
