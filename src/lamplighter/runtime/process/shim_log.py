"""Read the log that a shim writes, while the shim writes it; `process_directory.py` describes the format.

Guarantees that each line is returned once and in order. An incomplete record is returned only when its end was written.
Records that a power cut damaged are skipped. The cursor's place is the offset after the last record that was read.
"""

import os
import re
from collections.abc import Iterator
from io import RawIOBase
from typing import BinaryIO

from lamplighter.runtime.output_cursor import OutputCursor
from lamplighter.runtime.output_line import OutputLine, Stream

CHUNK_BYTES = 128 * 1024
"""The bytes that are read together: more than a record has, which is at most 80 KiB and its head."""
_RECORD = re.compile(rb"\0*(\d{1,15}) ([oeOE]) (.*)", re.DOTALL)
"""A record. Zeros in front are skipped: a power cut can leave zeros, or worse, in the last pages of a growing file."""
_STREAMS: dict[bytes, Stream] = {b"o": "stdout", b"e": "stderr"}


class ShimLog:
    """A reader of one log file, from the place of a cursor on."""

    def __init__(self, log: BinaryIO | RawIOBase, cursor: OutputCursor) -> None:
        self._log = log
        self._cursor = cursor
        # A power cut can shorten the log, which is synced later than the copy of what was read: more will follow.
        cursor.place = min(cursor.place or 0, log.seek(0, os.SEEK_END))

    def read(self) -> Iterator[OutputLine] | None:
        """Return the lines of the next chunk, to be read before the next call, or None if there are no more now."""
        self._log.seek(self._cursor.place)
        chunk = self._log.read(CHUNK_BYTES) or b""
        end = chunk.rfind(b"\n") + 1
        if end:
            return self._read_records(chunk[: end - 1].split(b"\n"))
        if len(chunk) < CHUNK_BYTES:
            return None
        self._cursor.place += len(chunk) - len(chunk.lstrip(b"\0")) or len(chunk)
        return iter(())

    def _read_records(self, records: list[bytes]) -> Iterator[OutputLine]:
        for record in records:
            self._cursor.place += len(record) + 1
            if found := _RECORD.fullmatch(record):
                time, mark, piece = found.groups()
                yield from self._cursor.add(int(time), _STREAMS[mark.lower()], piece, complete=mark.islower())
