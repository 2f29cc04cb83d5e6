"""Record SQLite's disk operations, in order: a VFS around SQLite's own, registered with the library in use.

While a `Recorder` is entered, this VFS is the default: it records each database that is opened meanwhile. Every call is
passed to the file system. Locks and shared memory are not recorded, because a power cut leaves none. Databases outside
of the recorder's folder are refused. Python's own syncs of these files are recorded, too, and its work with other files
(`python_files.py`). See
https://www.sqlite.org/c3ref/vfs.html and https://www.sqlite.org/c3ref/io_methods.html.
"""

import _sqlite3
import ctypes
import os
import random
from collections.abc import Callable
from contextlib import ExitStack
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_int64, c_void_p, cast, string_at
from pathlib import Path
from typing import Any, Self
from unittest import mock

from tests.chaos.disk_log import Create, Delete, Operation, Sync, SyncDirectory, Truncate, Write
from tests.chaos.python_files import PythonFiles

OK = 0
IOERR_FSYNC = 1034
OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, POINTER(c_int))
DELETE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)
RANDOMNESS = CFUNCTYPE(c_int, c_void_p, c_int, c_void_p)
SET_SYSTEM_CALL = CFUNCTYPE(c_int, c_void_p, c_char_p, c_void_p)
GET_SYSTEM_CALL = CFUNCTYPE(c_void_p, c_void_p, c_char_p)
OPEN_DIRECTORY = CFUNCTYPE(c_int, c_char_p, POINTER(c_int))
CLOSE = CFUNCTYPE(c_int, c_void_p)
WRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
TRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
SYNC = CFUNCTYPE(c_int, c_void_p, c_int)


class Methods(Structure):
    """sqlite3_io_methods; the recorded methods have types, the others are copied."""

    _fields_ = (
        ("version", c_int),
        ("close", CLOSE),
        ("read", c_void_p),
        ("write", WRITE),
        ("truncate", TRUNCATE),
        ("sync", SYNC),
        ("others", c_void_p * 13),
    )


class File(Structure):
    """sqlite3_file"""

    _fields_ = (("methods", POINTER(Methods)),)


class Vfs(Structure):
    """sqlite3_vfs, version 3"""

    _fields_ = (
        ("version", c_int),
        ("file_size", c_int),
        ("longest_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", OPEN),
        ("delete", DELETE),
        ("access_to_dlclose", c_void_p * 6),
        ("randomness", RANDOMNESS),
        ("sleep_to_time64", c_void_p * 4),
        ("set_system_call", SET_SYSTEM_CALL),
        ("get_system_call", GET_SYSTEM_CALL),
        ("next_system_call", c_void_p),
    )


class Recorder:
    """Records the operations on the files of one folder."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.log: list[Operation] = []
        self.syncs_left: float = float("inf")
        """The number of syncs that still succeed; later ones fail and sync nothing."""
        self._folder = os.path.realpath(folder)
        self._rng = random.Random(seed)
        self._library = ctypes.CDLL(_sqlite3.__file__)
        self._library.sqlite3_vfs_find.restype = POINTER(Vfs)
        self._unix = self._library.sqlite3_vfs_find(b"unix")
        self._real: Vfs = self._unix.contents
        self._stack = ExitStack()
        self._fsync = os.fsync
        self._files = PythonFiles(self._folder, self.log, lambda name: name in self._names.values())
        self._names: dict[int, str] = {}
        self._wrapped: dict[int, Methods] = {}
        self._open_directory = OPEN_DIRECTORY(self._real.get_system_call(self._unix, b"openDirectory"))
        self._watch_directory = OPEN_DIRECTORY(self._opened_directory)
        self._vfs = Vfs.from_buffer_copy(self._real)
        self._vfs.next = None
        self._vfs.name = b"recorder"
        self._vfs.open = OPEN(self._opened)
        self._vfs.delete = DELETE(self._deleted)
        self._vfs.randomness = RANDOMNESS(self._random)

    def __enter__(self) -> Self:
        self._check(self._library.sqlite3_vfs_register(byref(self._vfs), 1))
        self._library.sqlite3_randomness(0, None)  # The next salt comes from the recorder's seed.
        self._check(self._real.set_system_call(self._unix, b"openDirectory", cast(self._watch_directory, c_void_p)))
        self._stack.enter_context(mock.patch.object(os, "fsync", self._synced))
        self._stack.enter_context(self._files)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self._check(self._real.set_system_call(self._unix, b"openDirectory", None))
        self._check(self._library.sqlite3_vfs_register(self._unix, 1))
        self._check(self._library.sqlite3_vfs_unregister(byref(self._vfs)))
        self._library.sqlite3_randomness(0, None)

    def _check(self, code: int) -> None:
        assert code == OK, code

    # --- the VFS ------------------------------------------------------------------------------------------------------

    def _opened(self, _vfs: Any, name: int | None, file: int, flags: int, out: Any) -> int:
        path = None if name is None else string_at(name).decode()
        is_new = path is not None and (not os.path.exists(path) or self._is_new_empty_file(path))
        code: int = self._real.open(self._unix, name, file, flags, out)
        if code == OK and path is not None:
            self._names[file] = self._name(path)
            if is_new:
                self.log.append(Create(self._names[file]))
            opened = cast(file, POINTER(File)).contents
            opened.methods = ctypes.pointer(self._recording_methods(opened.methods))
        return code

    def _is_new_empty_file(self, path: str) -> bool:
        """Return whether the engine has just created this file for SQLite."""
        return os.path.getsize(path) == 0 and self._name(path) not in self._names.values()

    def _deleted(self, _vfs: Any, name: int, sync: int) -> int:
        code: int = self._real.delete(self._unix, name, sync)
        if code == OK:
            self.log.append(Delete(self._name(string_at(name).decode())))
            if sync:
                self.log.append(SyncDirectory())
        return code

    def _random(self, _vfs: Any, size: int, target: int) -> int:
        ctypes.memmove(target, self._rng.randbytes(size), size)
        return size

    def _opened_directory(self, name: bytes, out: Any) -> int:
        """Record a sync of the folder: SQLite opens a directory only to sync it."""
        if os.path.realpath(os.path.dirname(name.decode())) == self._folder:
            self.log.append(SyncDirectory())
        code: int = self._open_directory(name, out)
        return code

    def _synced(self, descriptor: int) -> None:
        """Record a sync by Python of the folder or a file in it."""
        self._fsync(descriptor)
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        if os.path.dirname(path) == self._folder and os.path.basename(path) in self._names.values():
            self.log.append(Sync(self._name(path)))
        else:
            self._files.synced(path)

    def _name(self, path: str) -> str:
        folder, name = os.path.split(os.path.realpath(path))
        assert folder == self._folder, f"{path} is not in the recorder's folder"
        return name

    # --- files --------------------------------------------------------------------------------------------------------

    def _recording_methods(self, methods: Any) -> Methods:
        """Return a file's methods, with recording versions of those that write."""
        address = ctypes.addressof(methods.contents)
        if address not in self._wrapped:
            real: Methods = methods.contents
            made = Methods.from_buffer_copy(real)
            made.write = WRITE(self._record_after(real.write, _write))
            made.truncate = TRUNCATE(self._record_after(real.truncate, Truncate))
            made.sync = SYNC(self._limit_syncs(self._record_after(real.sync, lambda name, _flags: Sync(name))))
            self._wrapped[address] = made
        return self._wrapped[address]

    def _limit_syncs(self, sync: Callable[[int, int], int]) -> Callable[[int, int], int]:
        """Return a function that syncs while syncs are left."""

        def run(file: int, flags: int) -> int:
            self.syncs_left -= 1
            return sync(file, flags) if self.syncs_left >= 0 else IOERR_FSYNC

        return run

    def _record_after(self, real: Any, operation: Callable[..., Operation]) -> Callable[..., int]:
        """Return a function that records an operation after it succeeded."""

        def run(file: int, *arguments: int) -> int:
            code: int = real(file, *arguments)
            if code == OK:
                self.log.append(operation(self._names[file], *arguments))
            return code

        return run


def _write(name: str, data: int, size: int, offset: int) -> Write:
    return Write(name, offset, string_at(data, size))
