"""Reads the log that a shim writes, while it is being written; the format is told in `process_directory.py`.

Promises each line once and in order. Refuses a record that is not complete: it waits for its end. What a power cut
made of the last records is passed over.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from lamplighter.runtime.line_joiner import LineJoiner
from lamplighter.runtime.port import OutputLine, Stream

_CHUNK = 256 * 1024
_RECORD = re.compile(rb"\0*(\d+) ([oeOE]) (.*)", re.DOTALL)
"""A file that was growing when the power went may have zeros, or worse, where its last pages were to be."""
_STREAMS: dict[bytes, Stream] = {b"o": "stdout", b"e": "stderr"}


class ShimLog:
    """A place in a log file."""

    def __init__(self, log: BinaryIO) -> None:
        self._log = log
        self._rest = b""
        self._lines = LineJoiner()

    def read(self) -> list[OutputLine] | None:
        """Return the lines that the next chunk completes; None if there is no more now."""
        chunk = self._log.read(_CHUNK)
        if not chunk:
            return None
        *records, self._rest = (self._rest + chunk).split(b"\n")
        return list(self._complete(records))

    def rest(self) -> list[OutputLine]:
        """Return what was cut off when the shim was killed."""
        return self._lines.flush()

    def _complete(self, records: list[bytes]) -> Iterator[OutputLine]:
        for record in records:
            found = _RECORD.fullmatch(record)
            if found is None:
                continue
            time, mark, piece = found.groups()
            line = self._lines.add(int(time), _STREAMS[mark.lower()], piece, complete=mark.islower())
            if line is not None:
                yield line
