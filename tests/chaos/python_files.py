"""Record what Python does with files and folders below a folder: creations, renames, links, deletions and syncs.

A file's content is recorded with its sync: one that is never synced is empty after a power cut. Its creation is
recorded with the first of sync, rename and link, or with the sync of its folder. SQLite's files are left to `vfs.py`.
"""

import os
import stat
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Self
from unittest import mock

from tests.chaos.disk_log import Create, Delete, Link, MakeDirectory, Operation, Rename, Sync, SyncDirectory, Write


class PythonFiles:
    """Records operations on the files of one folder, except for the names that `is_left` returns."""

    def __init__(self, folder: str, log: list[Operation], is_left: Callable[[str], bool]) -> None:
        self._folder = folder
        self._log = log
        self._is_left = is_left
        self._known: set[str] = set()
        """The recorded paths that exist."""
        self._real = {name: getattr(os, name) for name in ("mkdir", "rename", "replace", "link", "unlink")}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        recording: dict[str, Callable[..., None]] = {
            "mkdir": self._make,
            "rename": self._move("rename"),
            "replace": self._move("replace"),
            "link": self._link,
            "unlink": self._unlink,
        }
        for name, function in recording.items():
            self._stack.enter_context(mock.patch.object(os, name, function))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def synced(self, path: str) -> None:
        """Record that a file or a folder was synced."""
        name = self._name(path)
        if name is None or self._is_left(name):
            return
        if name and stat.S_ISREG(os.stat(path).st_mode):
            self._note(name)
            self._log += [Write(name, 0, Path(path).read_bytes()), Sync(name)]
            return
        for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
            child = f"{name}/{entry.name}" if name else entry.name
            if name and not self._is_left(child):  # the top folder has SQLite's files, too
                self._note(child)
        self._log.append(SyncDirectory(name))

    def _name(self, path: object) -> str | None:
        """Return the path relative to the folder, or None for other paths."""
        full = os.path.abspath(os.fsdecode(path))  # type: ignore[arg-type]
        if full == self._folder:
            return ""
        return os.path.relpath(full, self._folder) if full.startswith(f"{self._folder}{os.sep}") else None

    def _note(self, name: str) -> None:
        """Record the creation of a file or a folder, with those above it, if it is not known."""
        parent = os.path.dirname(name)
        if parent:
            self._note(parent)
        if name not in self._known:
            self._known.add(name)
            is_folder = os.path.isdir(os.path.join(self._folder, name))
            self._log.append(MakeDirectory(name) if is_folder else Create(name))

    def _make(self, path: object, *arguments: object, **options: object) -> None:
        self._real["mkdir"](path, *arguments, **options)
        if name := self._name(path):
            self._note(name)

    def _move(self, function: str) -> Callable[..., None]:
        def move(source: object, target: object) -> None:
            old, new = self._name(source), self._name(target)
            if old and new:
                self._note(old)
            self._real[function](source, target)
            if old and new:
                self._known.remove(old)
                self._known.add(new)
                self._log.append(Rename(old, new))

        return move

    def _link(self, source: object, target: object, **options: object) -> None:
        self._real["link"](source, target, **options)
        old, new = self._name(source), self._name(target)
        if old and new:
            self._known.add(new)
            self._log.append(Link(old, new))

    def _unlink(self, path: object, **options: object) -> None:
        self._real["unlink"](path, **options)
        name = None if options.get("dir_fd") is not None else self._name(path)
        if name in self._known:
            self._known.remove(name)
            self._log.append(Delete(name))
