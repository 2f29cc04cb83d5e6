"""A disk that keeps only what was synced, for files that Python writes: what is left of them after a power cut.

While a `SyncedDisk` is entered each `os.fsync` also copies what it puts on disk, a file's content or a directory's
names, into a folder of its own. `left` goes down from a directory that was there before: a name that was not synced
leads nowhere, a content that was not synced is empty. Imports the standard library only, so that the shim can be
watched too.
"""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self


class SyncedDisk:
    """Its copies are files of `mirror`, one for each inode."""

    def __init__(self, mirror: Path) -> None:
        self.mirror = mirror
        self._fsync = os.fsync

    def __enter__(self) -> Self:
        self.mirror.mkdir(exist_ok=True)
        setattr(os, "fsync", self._sync)  # noqa: B010 - types know os.fsync as a function that is not replaced
        return self

    def __exit__(self, *_: object) -> None:
        setattr(os, "fsync", self._fsync)  # noqa: B010

    def _sync(self, descriptor: int) -> None:
        self._fsync(descriptor)
        info, path = os.fstat(descriptor), f"/proc/self/fd/{descriptor}"
        if stat.S_ISDIR(info.st_mode):
            names = {entry.name: (entry.inode(), entry.is_dir()) for entry in os.scandir(path)}
            self._keep(info.st_ino, json.dumps(names).encode(), "names")
        else:
            with suppress(FileExistsError):  # Another name for it: so its number is not given to another file.
                os.link(os.readlink(path), self.mirror / f"{info.st_ino}.file")
            self._keep(info.st_ino, Path(path).read_bytes(), "content")

    def _keep(self, inode: int, content: bytes, kind: str) -> None:
        draft = self.mirror / f"{inode}.{kind}.{os.getpid()}"
        draft.write_bytes(content)
        draft.replace(self.mirror / f"{inode}.{kind}")


def left(mirror: Path, top: Path) -> dict[str, bytes]:
    """The files below a directory after a power cut, by their paths."""
    return dict(_below(mirror, os.stat(top).st_ino, ""))


def _below(mirror: Path, inode: int, path: str) -> Iterator[tuple[str, bytes]]:
    names = mirror / f"{inode}.names"
    for name, (number, is_directory) in json.loads(names.read_bytes()).items() if names.exists() else ():
        content = mirror / f"{number}.content"
        if is_directory:
            yield from _below(mirror, number, f"{path}{name}/")
        else:
            yield path + name, content.read_bytes() if content.exists() else b""
