"""What containers write, kept in files: one JSON line for each line, readable while it grows.

Promises the whole output in order. A copy always begins with the first line and replaces what an earlier, interrupted
one left, so that nothing is doubled; it is on disk when `copy` returns, and only then may the container be removed. A
source that gives no line at all changes nothing.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from lamplighter.base.files import make_directory, sync_directory
from lamplighter.base.json_text import dump_bytes, loads
from lamplighter.runtime.port import OutputLine


class OutputFiles:
    """The output of all tasks, under one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path(self, task: str, container: str) -> Path:
        """Where the output of a task's container lies."""
        return self._directory / task / f"{container}.log"

    async def copy(self, task: str, container: str, lines: AsyncIterator[OutputLine]) -> None:
        """Copy all lines; raises OSError where the disk takes no more, and may then be asked again from the start."""
        file: BinaryIO | None = None
        try:
            async for line in lines:
                file = file or self._open(task, container)
                file.write(dump_bytes({"time": line.time, "stream": line.stream, "text": line.text}) + b"\n")
            if file is not None:
                await asyncio.to_thread(self._sync, file, task)
        finally:
            if file is not None:
                file.close()

    def _open(self, task: str, container: str) -> BinaryIO:
        path = self.path(task, container)
        for directory in (self._directory, path.parent):  # the data directory has to be there
            make_directory(directory)
        return open(path, "wb", buffering=0, opener=partial(os.open, mode=0o600))

    def _sync(self, file: BinaryIO, task: str) -> None:
        os.fsync(file.fileno())
        sync_directory(self._directory / task)
        sync_directory(self._directory)

    def remove(self, task: str) -> None:
        """Remove the output of a task; harmless where there is none."""
        shutil.rmtree(self._directory / task, ignore_errors=True)

    def read(self, task: str, container: str) -> Iterator[OutputLine]:
        """Read what has been copied so far; nothing where there is nothing."""
        path = self.path(task, container)
        if not path.exists():
            return
        with path.open("rb") as file:
            for record in file:
                if record.endswith(b"\n"):  # the last one may be half written
                    yield OutputLine(**loads(record))
