"""Keep the content of objects in files: `objects/ab/abcd…`, each written once and never changed.

Guarantees that a file is on disk, with its name, before its name is returned. A copy of an object is another name of
the same content (a hard link), where the file system has them. See
https://man7.org/linux/man-pages/man2/link.2.html.
"""

import asyncio
import errno
import fcntl
import logging
import os
import shutil
import sqlite3
import threading
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path

from lamplighter.base.errors import Unavailable
from lamplighter.base.file_body import FileBody, ReceivedFile
from lamplighter.base.files import create_file, make_path, sync_directory, sync_file
from lamplighter.base.world import World
from lamplighter.bus import Prepared, Work
from lamplighter.store.data_directory import INCOMING_OBJECTS, OBJECTS
from lamplighter.store.db import Tx
from lamplighter.wire.object_upload import CHECKSUMS

COPY_BYTES = 2**20
DEFAULT_CHECKSUMS = ("MD5", "CRC64NVME")
NO_LINK = (errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EACCES)
"""The errors of a file system without hard links, or with fewer of them than an object has copies."""
NO_COPY = (errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)
"""The errors of a file system whose files the kernel does not copy."""

log = logging.getLogger("lamplighter.s3")


class FileMissing(Unavailable):
    """A file that another turn has deleted since its row was read, or that the disk has lost."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is on disk."""

    name: str
    size: int
    checksums: Mapping[str, str]
    """Base64 by S3's names of the algorithms."""
    etag: str
    """The MD5 of the content in hexadecimal."""


class ObjectFiles:
    """The files of one engine's objects. Threads may share it."""

    def __init__(self, directory: Path, world: World, is_named: Callable[[str], bool]) -> None:
        """Use the files of a data directory; `is_named`: whether a committed row names a file, for the event loop."""
        self._folder = directory / OBJECTS
        self._incoming = directory / INCOMING_OBJECTS
        self._world = world
        self._is_named = is_named
        self._lock = threading.Lock()
        self._synced_folders: set[str] = set()
        """The folders whose names this engine has synced: one that it finds may be known to the page cache alone."""
        self._new: set[str] = set()
        """The names that this engine has made while the files of killed engines are being deleted."""
        self._is_sweeping = False
        self._left: deque[str] = deque()
        """The files of deleted objects that could not be deleted yet; the next start deletes the rest."""

    def open(self, name: str, offset: int, size: int) -> FileBody:
        """Open a part of a file. Raises `FileMissing`, and `Unavailable` if it cannot be read."""
        try:
            return FileBody.open(self._path(name), offset, size)
        except FileNotFoundError as error:
            raise FileMissing("the content of the object does not exist") from error
        except OSError as error:
            raise Unavailable(f"the content of the object cannot be read: {error.strerror}") from error

    def keep(self, received: ReceivedFile) -> StoredFile:
        """Move the body of a request to its place."""
        with _explained():
            sync_file(received.path)
            name = self._new_name()
            with self._placed(name):
                received.path.rename(self._path(name))
        return _stored(name, received.size, received.digests)

    def write(self, pieces: Iterable[bytes], algorithms: Sequence[str] = DEFAULT_CHECKSUMS) -> StoredFile:
        """Write a new file and compute its checksums."""
        checksums = {name: CHECKSUMS[name]() for name in {"MD5", *algorithms}}
        with _explained():
            name, size = self._new_name(), 0
            with self._placed(name), BufferedWriter(create_file(self._path(name))) as file:
                for piece in pieces:
                    size += file.write(piece)
                    for check in checksums.values():
                        check.update(piece)
                file.flush()
                os.fsync(file.fileno())
        return _stored(name, size, {each: check.digest() for each, check in checksums.items()})

    def join(self, parts: Iterable[tuple[str, int]]) -> str:
        """Write one file from others, given with their sizes, and return its name."""
        with _explained():
            name = self._new_name()
            with self._placed(name), create_file(self._path(name)) as file:
                for part, size in parts:
                    _copy(self.open(part, 0, size), file.fileno())
                os.fsync(file.fileno())
        return name

    def read(self, name: str, offset: int, size: int) -> Iterator[bytes]:
        """Yield a part of a file piece by piece."""
        return self.open(name, offset, size).iter_chunks(COPY_BYTES)

    def link(self, name: str) -> str:
        """Give a file a second name, and return it. Raises `FileMissing`."""
        with _explained():
            copy = self._new_name()
            with self._placed(copy):
                try:
                    os.link(self._path(name), self._path(copy))
                except OSError as error:
                    if error.errno not in NO_LINK:
                        raise
                    create_file(self._path(copy)).close()
                    shutil.copyfile(self._path(name), self._path(copy))
                    sync_file(self._path(copy))
            return copy

    @contextmanager
    def _placed(self, name: str) -> Iterator[None]:
        """Sync the name of the file that the block makes; delete it on an error, because a full disk needs room."""
        try:
            yield
            sync_directory(self._path(name).parent)
        except BaseException:
            self._path(name).unlink(missing_ok=True)
            raise

    def delete_unless_named(self, tx: Tx, name: str) -> None:
        """Delete a new file at the end of the present job, whatever that is, unless a committed row names it."""
        tx.after_commit.append(lambda: self._delete_unless_named(name))
        tx.after_undo.append(lambda: self._delete_unless_named(name))

    def _delete_unless_named(self, name: str) -> None:
        """Delete a file, unless its row was committed though its caller got an error."""
        with suppress(sqlite3.Error):  # the next start deletes it
            if not self._is_named(name):
                self.delete_soon([name])

    def delete_after_commit(self, tx: Tx, names: Iterable[str | None]) -> None:
        """Delete files in a thread, after the commit that no longer names them."""
        found = [name for name in names if name is not None]
        if found:
            tx.after_commit.append(lambda: self.delete_soon(found))

    def delete_soon(self, names: Sequence[str]) -> None:
        """Delete files in a thread: a large one takes milliseconds."""
        if names:
            asyncio.get_running_loop().run_in_executor(None, self._delete, names)

    def _delete(self, names: Sequence[str]) -> None:
        """Delete files, and those that were left; a backup that runs keeps all of them."""
        with self._lock:  # of this engine's threads, only one locks the folder: the other's lock is a backup's
            self._left.extend(names)
            self._delete_left()

    def _delete_left(self) -> None:
        try:
            folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                while self._left:
                    self._path(self._left.pop()).unlink(missing_ok=True)
            finally:
                os.close(folder)
        except BlockingIOError:
            return
        except OSError as error:  # the next start deletes them
            log.warning("files of deleted objects are left: %s", error.strerror)

    def begin_sweep(self) -> None:
        """Delete bodies that a killed engine was receiving, and remember new names until the end of the sweep."""
        self._is_sweeping = True
        shutil.rmtree(self._incoming, ignore_errors=True)
        make_path(self._incoming)

    def sweep(self, is_named: Callable[[str], bool]) -> None:
        """Delete the files that no row names: a killed engine left them. No row will ever name one of these."""
        try:
            for folder in sorted(self._folder.iterdir()):
                if folder != self._incoming and folder.is_dir():
                    self._delete([each for each in sorted(os.listdir(folder)) if self._is_left(each, is_named)])
        finally:
            self._is_sweeping = False
            self._new.clear()

    def _is_left(self, name: str, is_named: Callable[[str], bool]) -> bool:
        return name not in self._new and not is_named(name)

    def _new_name(self) -> str:
        name = self._world.uuid().replace("-", "")
        if self._is_sweeping:
            self._new.add(name)
        self._make_folder(self._path(name).parent)
        return name

    def _make_folder(self, folder: Path) -> None:
        """Make a folder, and sync its name once: the thread or the killed engine that made it may not have done so."""
        with self._lock:
            if folder.name not in self._synced_folders:
                make_path(folder)
                sync_directory(self._folder)
                self._synced_folders.add(folder.name)

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name


def unless_missing(work: Callable[[], object]) -> Work:
    """Return work that has no result if a file of it is deleted meanwhile: the turn finds out what is there now."""

    def run() -> Prepared | None:
        try:
            return Prepared(work())
        except FileMissing:
            return None

    return run


def _stored(name: str, size: int, digests: Mapping[str, bytes]) -> StoredFile:
    checksums = {each: b64encode(digest).decode() for each, digest in digests.items() if each != "MD5"}
    return StoredFile(name, size, checksums, digests["MD5"].hex())


def _copy(body: FileBody, target: int) -> None:
    """Append a file to another and close it; the kernel copies, where the file system lets it."""
    try:
        while body.size and (copied := _copy_in_kernel(body, target)):
            body.offset, body.size = body.offset + copied, body.size - copied
        for piece in body.iter_chunks(COPY_BYTES):
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(target, rest) :]
    finally:
        body.close()


def _copy_in_kernel(body: FileBody, target: int) -> int:
    """Return how many bytes were copied; 0 if the file system or the platform does not do this."""
    copy_range = getattr(os, "copy_file_range", None)
    if copy_range is None:
        return 0
    try:
        return int(copy_range(body.descriptor, target, body.size, offset_src=body.offset))
    except OSError as error:
        if error.errno not in NO_COPY:
            raise
        return 0


class _explained:  # noqa: N801 - used as a block
    """Raise `Unavailable` for an error of the disk."""

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, FileNotFoundError):
            raise FileMissing("the content of the object does not exist") from error
        if isinstance(error, OSError):
            raise Unavailable(f"the object cannot be written: {(error.strerror or str(error)).lower()}") from error
