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
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lamplighter.base.errors import Unavailable
from lamplighter.base.file_body import FileBody, ReceivedFile
from lamplighter.base.files import make_path, sync_directory, sync_file
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


class FileDeleted(Unavailable):
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

    def __init__(self, directory: Path, world: World) -> None:
        self._folder = directory / OBJECTS
        self._incoming = directory / INCOMING_OBJECTS
        self._world = world
        self._left: deque[str] = deque()
        """The files of deleted objects that could not be deleted yet; the next start deletes the rest."""

    def open(self, name: str, offset: int, size: int) -> FileBody:
        """Open a part of a file. Raises `Unavailable` if it cannot be read."""
        try:
            return FileBody.open(self._path(name), offset, size)
        except OSError as error:
            kind = FileDeleted if isinstance(error, FileNotFoundError) else Unavailable
            raise kind(f"the content of the object cannot be read: {error.strerror}") from error

    def keep(self, received: ReceivedFile) -> StoredFile:
        """Move the body of a request to its place."""
        with _explained():
            sync_file(received.path)
            name = self._new_name()
            received.path.rename(self._path(name))
            sync_directory(self._path(name).parent)
        return _stored(name, received.size, received.digests)

    def write(self, pieces: Iterable[bytes], algorithms: Sequence[str] = DEFAULT_CHECKSUMS) -> StoredFile:
        """Write a new file and compute its checksums."""
        checksums = {name: CHECKSUMS[name]() for name in {"MD5", *algorithms}}
        with _explained():
            name, size = self._new_name(), 0
            with _deleted_on_failure(self._path(name)), self._path(name).open("xb") as file:
                for piece in pieces:
                    size += file.write(piece)
                    for check in checksums.values():
                        check.update(piece)
                file.flush()
                os.fsync(file.fileno())
            sync_directory(self._path(name).parent)
        return _stored(name, size, {each: check.digest() for each, check in checksums.items()})

    def join(self, parts: Iterable[tuple[str, int]]) -> str:
        """Write one file from others, given with their sizes, and return its name."""
        with _explained():
            name = self._new_name()
            with _deleted_on_failure(self._path(name)), self._path(name).open("xb", buffering=0) as file:
                for part, size in parts:
                    _copy(self.open(part, 0, size), file.fileno())
                os.fsync(file.fileno())
            sync_directory(self._path(name).parent)
        return name

    def read(self, name: str, offset: int, size: int) -> Iterator[bytes]:
        """Yield a part of a file piece by piece."""
        return self.open(name, offset, size).iter_chunks(COPY_BYTES)

    def link(self, name: str) -> str:
        """Give a file a second name, and return it."""
        with _explained():
            copy = self._new_name()
            try:
                os.link(self._path(name), self._path(copy))
            except FileNotFoundError as error:
                raise FileDeleted(f"the content of the object cannot be read: {error.strerror}") from error
            except OSError as error:
                if error.errno not in NO_LINK:
                    raise
                with _deleted_on_failure(self._path(copy)):
                    shutil.copyfile(self._path(name), self._path(copy))
                    sync_file(self._path(copy))
            sync_directory(self._path(copy).parent)
            return copy

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
        self._left.extend(names)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            while self._left:
                self._path(self._left.pop()).unlink(missing_ok=True)
        except BlockingIOError:
            return
        except OSError as error:  # the next start deletes them
            log.warning("files of deleted objects are left: %s", error.strerror)
        finally:
            os.close(folder)

    def clear_incoming(self) -> int:
        """Delete bodies that a killed engine was receiving; return the file system's present time, in nanoseconds."""
        shutil.rmtree(self._incoming, ignore_errors=True)
        make_path(self._incoming)
        return self._incoming.stat().st_ctime_ns

    def sweep(self, start: int, is_named: Callable[[str], bool]) -> None:
        """Delete the files from before a time that no row names: a killed engine left them."""
        for folder in sorted(self._folder.iterdir()):
            if folder == self._incoming or not folder.is_dir():
                continue
            for path in sorted(folder.iterdir()):
                with suppress(FileNotFoundError):
                    if path.stat().st_ctime_ns < start and not is_named(path.name):
                        path.unlink()

    def _new_name(self) -> str:
        name = self._world.uuid().replace("-", "")
        make_path(self._path(name).parent)
        return name

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name


def unless_deleted(work: Callable[[], object]) -> Work:
    """Return work that has no result if a file of it is deleted meanwhile: the turn finds out what is there now."""

    def run() -> Prepared | None:
        try:
            return Prepared(work())
        except FileDeleted:
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


@contextmanager
def _deleted_on_failure(path: Path) -> Iterator[None]:
    """Delete a file if the block that writes it fails: a full disk needs the room."""
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


class _explained:  # noqa: N801 - used as a block
    """Raise `Unavailable` for an error of the disk."""

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            raise Unavailable(f"the object cannot be written: {(error.strerror or str(error)).lower()}") from error
