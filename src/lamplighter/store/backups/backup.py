"""Make a backup of a data directory, while its engine runs or while it does not.

Guarantees that the backup's file is whole or absent: it is made beside its place, verified, synced and then renamed.
The engine is not disturbed: it is asked nothing, and its turns do not wait (`database_copy.py`).
"""

import fcntl
import os
import platform
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lamplighter import __version__
from lamplighter.base.errors import LamplighterError
from lamplighter.base.files import sync_directory
from lamplighter.store.backups.backup_archive import Manifest, file_digest, write_archive
from lamplighter.store.backups.database_copy import UnreadableDatabase, copy_database, open_read_only
from lamplighter.store.data_directory import DATABASE, OBJECTS
from lamplighter.store.database_identity import DatabaseIdentity, NotAnEngineDatabase, verify_database

ARCHIVE = "archive"


class BackupFailed(LamplighterError):
    """The error that a backup could not be made; nothing is at its place that was not there before."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup to be made: of which data directory, by which clock, and whether with the output of containers."""

    directory: Path
    now: Callable[[], int]
    output: bool = True
    after_copy: Callable[[], None] = lambda: None
    """Called when the database is copied: only until then the backup keeps the engine's WAL from being used again."""


def write_backup_file(backup: Backup, target: Path, *, overwrite: bool) -> Manifest:
    """Make a backup as a file. Raises `BackupFailed` if the file exists already, unless `overwrite` is True."""
    if not overwrite and os.path.lexists(target):
        raise BackupFailed(f"{target} exists already: name another file, or replace it with --force")
    with _explained(backup.directory, target), _draft_folder(target) as folder:
        archive = folder / ARCHIVE
        with os.fdopen(os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            manifest = _write(backup, file, folder)
            file.flush()
            os.fsync(file.fileno())
        archive.replace(target)
        sync_directory(target.parent)
        return manifest


def write_backup_stream(backup: Backup, stream: BinaryIO) -> Manifest:
    """Write a backup to a stream; nothing is written before the copy of the database is verified."""
    with _explained(backup.directory, Path(tempfile.gettempdir())), tempfile.TemporaryDirectory() as folder:
        manifest = _write(backup, stream, Path(folder))
        stream.flush()
        return manifest


def _write(backup: Backup, stream: BinaryIO, folder: Path) -> Manifest:
    copy = folder / DATABASE
    created = backup.now()
    with keep_objects(backup.directory):
        return _write_kept(backup, stream, copy, created)


def _write_kept(backup: Backup, stream: BinaryIO, copy: Path, created: int) -> Manifest:
    copy_database(backup.directory / DATABASE, copy)
    backup.after_copy()
    identity = _verify(copy)
    manifest = Manifest(
        engine=identity.engine,
        version=__version__,
        schema=identity.schema,
        created=created,
        directory=str(backup.directory.absolute()),
        host=platform.node(),
        digest=file_digest(copy),
        database_bytes=copy.stat().st_size,
    )
    write_archive(stream, manifest, copy, backup.directory, output=backup.output)
    return manifest


@contextmanager
def keep_objects(directory: Path) -> Iterator[None]:
    """Keep the engine from deleting the files of objects, which the copied database may still name.

    See `services/s3/object_files.py`.
    """
    try:
        folder = os.open(directory / OBJECTS, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:  # no object was ever stored
        yield
        return
    try:
        fcntl.flock(folder, fcntl.LOCK_SH)
        yield
    finally:
        os.close(folder)


def _verify(copy: Path) -> DatabaseIdentity:
    with closing(open_read_only(copy)) as connection:
        return verify_database(connection)


@contextmanager
def _draft_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside a file, which is removed at the end; a killed backup's folder is used again."""
    folder = target.with_name(f".{target.name}.draft")
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in folder.iterdir():
            left.unlink()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        raise BackupFailed(f"another backup is being written to {target}") from None
    finally:
        os.close(lock)


@contextmanager
def _explained(directory: Path, target: Path) -> Iterator[None]:
    """Raise `BackupFailed` with the reason for each error that a disk or a damaged database can cause."""
    try:
        yield
    except (UnreadableDatabase, NotAnEngineDatabase) as error:
        raise BackupFailed(f"{directory} cannot be backed up: {error}") from error
    except sqlite3.Error as error:
        raise BackupFailed(f"the copy of the database cannot be written beside {target}: {error}") from error
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BackupFailed(f"the backup cannot be written ({error.filename or target}: {reason})") from error
