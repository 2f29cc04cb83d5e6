"""A simulated disk that keeps only synced data, for files that Python writes: what a power cut leaves of them.

While a `SyncedDisk` is entered, each `os.fsync` also copies what it puts on disk, a file's content or a directory's
names, into the folder `mirror`. `files_after_power_cut` starts at a directory that existed before: a name that was not
synced is missing, and content that was not synced is empty. The module imports only the standard library, so that the
shim can use it, too.
"""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self


class SyncedDisk:
    """Copies what is synced into files of `mirror`, one for each inode."""

    def __init__(self, mirror: Path) -> None:
        self.mirror = mirror
        self._fsync = os.fsync

    def __enter__(self) -> Self:
        self.mirror.mkdir(exist_ok=True)
        setattr(os, "fsync", self._sync)  # noqa: B010 - the type stubs do not allow replacing os.fsync
        return self

    def __exit__(self, *_: object) -> None:
        setattr(os, "fsync", self._fsync)  # noqa: B010

    def _sync(self, descriptor: int) -> None:
        self._fsync(descriptor)
        info, path = os.fstat(descriptor), f"/proc/self/fd/{descriptor}"
        if stat.S_ISDIR(info.st_mode):
            names = {entry.name: (entry.inode(), entry.is_dir()) for entry in os.scandir(path)}
            self._store(info.st_ino, json.dumps(names).encode(), "names")
        else:
            with suppress(FileExistsError):  # This second name prevents that another file gets the inode's number.
                os.link(os.readlink(path), self.mirror / f"{info.st_ino}.file")
            self._store(info.st_ino, Path(path).read_bytes(), "content")

    def _store(self, inode: int, content: bytes, kind: str) -> None:
        draft = self.mirror / f"{inode}.{kind}.{os.getpid()}"
        draft.write_bytes(content)
        draft.replace(self.mirror / f"{inode}.{kind}")


def files_after_power_cut(mirror: Path, top: Path) -> dict[str, bytes]:
    """Return the files below a directory after a power cut, by their paths."""
    return dict(_read_below(mirror, os.stat(top).st_ino, ""))


def _read_below(mirror: Path, inode: int, path: str) -> Iterator[tuple[str, bytes]]:
    names = mirror / f"{inode}.names"
    for name, (number, is_directory) in json.loads(names.read_bytes()).items() if names.exists() else ():
        content = mirror / f"{number}.content"
        if is_directory:
            yield from _read_below(mirror, number, f"{path}{name}/")
        else:
            yield path + name, content.read_bytes() if content.exists() else b""
