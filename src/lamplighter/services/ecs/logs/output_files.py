"""Store the output of containers in files: one JSON object on each line, readable while the file grows.

Guarantees the complete output in order. A copy always starts with the first line and replaces the file of an earlier,
interrupted copy, so that no line is stored twice. The output is on disk when `copy` returns; only then may the
container be removed. A source without any line changes nothing.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Collection, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from lamplighter.base.files import make_directory, sync_directory
from lamplighter.base.json_text import dump_bytes, loads
from lamplighter.runtime.output_line import OutputLine


class OutputFiles:
    """The output files of all tasks, in one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path(self, task: str, container: str) -> Path:
        """Return the path of a container's output file."""
        return self._directory / task / f"{container}.log"

    async def copy(self, task: str, container: str, lines: AsyncIterator[OutputLine]) -> None:
        """Copy all lines; raises OSError if the disk fails. The caller may then copy again from the start."""
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
        make_directory(self._directory)  # the data directory itself must exist already
        path.parent.mkdir(mode=0o700, exist_ok=True)
        return open(path, "wb", buffering=0, opener=partial(os.open, mode=0o600))

    def _sync(self, file: BinaryIO, task: str) -> None:
        os.fsync(file.fileno())
        sync_directory(self._directory / task)
        sync_directory(self._directory)

    def remove(self, task: str) -> None:
        """Remove the output of a task, if there is any."""
        shutil.rmtree(self._directory / task, ignore_errors=True)

    def remove_older(self, before: int, running: Collection[str]) -> int:
        """Remove the output of tasks that was last written before a time in milliseconds; return the number of tasks.

        The output of running tasks stays, however old it is.
        """
        if not self._directory.is_dir():
            return 0
        old = [
            each.name
            for each in self._directory.iterdir()
            if each.name not in running and _last_change(each) * 1000 < before
        ]
        for name in old:
            self.remove(name)
        return len(old)

    def read(self, task: str, container: str) -> Iterator[OutputLine]:
        """Yield the lines that have been copied so far."""
        path = self.path(task, container)
        if not path.exists():
            return
        with path.open("rb") as file:
            for record in file:
                if record.endswith(b"\n"):  # the last record may be incomplete
                    yield OutputLine(**loads(record))


def _last_change(folder: Path) -> float:
    """Return when a file in a folder was last changed, in seconds since the epoch."""
    return max((each.stat().st_mtime for each in (folder, *folder.iterdir())), default=0.0)
