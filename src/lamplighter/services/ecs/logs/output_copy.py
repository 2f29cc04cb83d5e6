"""Copy the output of one container to its file and to CloudWatch Logs, while the container runs.

Guarantees the complete output in order, each line once. A copy that was interrupted (by a kill, a power cut, a full
disk, an outage of the runtime) goes on at its checkpoint, and cuts off what the file has after that. A checkpoint is
taken with every 16 MiB, and stored when the file is on disk and CloudWatch Logs has the lines. The output is on disk
when `run` returns; only then may the container be removed. A container without any further line changes nothing.
"""

import asyncio
import contextlib
import errno
import os
from collections.abc import AsyncGenerator, Callable
from functools import partial
from io import FileIO

from lamplighter.base.files import make_directory, sync_directory
from lamplighter.base.json_text import dump_bytes
from lamplighter.runtime.output_cursor import OutputCursor
from lamplighter.runtime.output_line import OutputLine
from lamplighter.services.ecs.logs.awslogs import STREAMS, LogShipper
from lamplighter.services.ecs.logs.output_checkpoint import (
    BEGINNING,
    OutputCheckpoint,
    read_checkpoint,
    write_checkpoint,
)
from lamplighter.services.ecs.logs.output_files import OutputFiles
from lamplighter.services.ecs.tasks.runtime_retry import Pause

CHECKPOINT_BYTES = 16 * 1024 * 1024
"""The bytes of the output file from one checkpoint to the next."""
LINES_PER_SLICE = 64
"""The lines after which other tasks of the event loop run."""

ReadOutput = Callable[[OutputCursor], AsyncGenerator[OutputLine, None]]


class OutputCopy:
    """One attempt to copy; the next one is another object."""

    def __init__(self, outputs: OutputFiles, task: str, container: str, shipper: LogShipper | None = None) -> None:
        self._path = outputs.path(task, container)
        self._shipper = shipper
        found = read_checkpoint(self._path)
        # A restored database may know fewer lines.
        self._checkpoint = found if shipper is None or shipper.has_sent(found.lines) else BEGINNING
        self._candidate: OutputCheckpoint | None = None
        self._length = self._checkpoint.length
        self._lines = list(self._checkpoint.lines)
        self._cursor = OutputCursor.of_document(self._checkpoint.cursor)
        self._file: FileIO | None = None

    async def run(self, read: ReadOutput, pause: Pause) -> None:
        """Copy all lines; raises OSError if the disk fails."""
        sending = contextlib.nullcontext() if self._shipper is None else self._shipper.send_in_background(pause)
        try:
            async with contextlib.aclosing(read(self._cursor)) as lines, sending:
                async for line in lines:
                    await self._add_line(line)
            if self._file is not None:
                await asyncio.to_thread(self._sync, self._file)
        finally:
            if self._file is not None:
                self._file.close()

    async def _add_line(self, line: OutputLine) -> None:
        if self._file is None:
            if self._path.exists():  # to cut off many megabytes takes a while
                await asyncio.to_thread(os.truncate, self._path, self._length)
            self._file = self._open()
        self._write(self._file, dump_bytes({"time": line.time, "stream": line.stream, "text": line.text}) + b"\n")
        stream = STREAMS.index(line.stream)
        self._lines[stream] += 1
        if self._shipper is not None:
            await self._shipper.add_line(self._lines[stream], line)
        await self._move_checkpoint(self._file)
        if sum(self._lines) % LINES_PER_SLICE == 0:
            await asyncio.sleep(0)

    def _open(self) -> FileIO:
        make_directory(self._path.parent.parent)  # the data directory itself must exist already
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        return FileIO(self._path, "a", opener=partial(os.open, mode=0o600))

    def _write(self, file: FileIO, record: bytes) -> None:
        if file.write(record) != len(record):
            raise OSError(errno.ENOSPC, "only a part of a line was written")
        self._length += len(record)

    async def _move_checkpoint(self, file: FileIO) -> None:
        """Take a candidate with every 16 MiB, and store it as soon as its lines are sent."""
        if self._candidate is None and self._length - self._checkpoint.length >= CHECKPOINT_BYTES:
            self._candidate = OutputCheckpoint(self._length, (self._lines[0], self._lines[1]), self._cursor.document())
        candidate = self._candidate
        if candidate is not None and (self._shipper is None or self._shipper.has_sent(candidate.lines)):
            await asyncio.to_thread(self._store_checkpoint, file, candidate)
            self._checkpoint, self._candidate = candidate, None

    def _store_checkpoint(self, file: FileIO, checkpoint: OutputCheckpoint) -> None:
        self._sync(file)
        write_checkpoint(self._path, checkpoint)

    def _sync(self, file: FileIO) -> None:
        os.fsync(file.fileno())
        sync_directory(self._path.parent)
        sync_directory(self._path.parent.parent)
