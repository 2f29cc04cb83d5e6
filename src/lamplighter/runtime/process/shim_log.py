"""Read the log that a shim writes, while the shim writes it; `process_directory.py` describes the format.

Guarantees that each line is returned once and in order. An incomplete record is returned only when its end was written.
Records that a power cut damaged are skipped.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from lamplighter.runtime.line_joiner import LineJoiner
from lamplighter.runtime.port import OutputLine, Stream

_CHUNK = 256 * 1024
_RECORD = re.compile(rb"\0*(\d+) ([oeOE]) (.*)", re.DOTALL)
"""A record. Zeros in front are skipped: a power cut can leave zeros, or worse, in the last pages of a growing file."""
_STREAMS: dict[bytes, Stream] = {b"o": "stdout", b"e": "stderr"}


class ShimLog:
    """A reader of one log file, with its position."""

    def __init__(self, log: BinaryIO) -> None:
        self._log = log
        self._incomplete = b""
        self._lines = LineJoiner()

    def read(self) -> list[OutputLine] | None:
        """Return the lines that the next chunk completes, or None if there is no more output now."""
        chunk = self._log.read(_CHUNK)
        if not chunk:
            return None
        *records, self._incomplete = (self._incomplete + chunk).split(b"\n")
        return list(self._complete(records))

    def rest(self) -> list[OutputLine]:
        """Return the incomplete lines that remain if the shim was killed."""
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
