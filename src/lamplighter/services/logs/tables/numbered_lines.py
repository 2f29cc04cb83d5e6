"""Read the lines of a log stream by their numbers: a line's number says when it arrived, counted from 1.

Guarantees that a line keeps its number while it is stored, that the lines around any number are found with a few rows,
however long the log is, and that a line which arrives late is the last one, whatever its time is. A chunk that is
damaged is one line that says so. Streams of earlier versions have no numbers (`LogStream.lines` is None).
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from lamplighter.base.json_text import JsonError, loads
from lamplighter.services.logs.tables.log_chunks import query_sizes, unpack_body
from lamplighter.store.db import Reader

DAMAGED = (
    "(The lines from here on cannot be read: their row of the database is damaged. `lamplighter doctor` has advice.)"
)


class NumberedLine(NamedTuple):
    """A line of a log stream."""

    number: int
    time: int
    """Milliseconds since the epoch."""
    message: str


@dataclass(frozen=True, slots=True)
class NumberedChunk:
    """The stored lines of one chunk."""

    line: int
    """The number of its first line."""
    first: int
    body: bytes

    def document(self) -> bytes:
        """Return the lines as JSON; empty if the chunk is damaged."""
        try:
            return unpack_body(self.body)
        except zlib.error:
            return b""

    def lines(self, document: bytes) -> list[NumberedLine]:
        """Return the lines of the JSON that `document` has returned."""
        try:
            offsets, messages = loads(document)
        except (JsonError, ValueError):
            return [NumberedLine(self.line, self.first, DAMAGED)]
        pairs = zip(offsets, messages, strict=True)
        return [NumberedLine(self.line + at, self.first + offset, text) for at, (offset, text) in enumerate(pairs)]


_CHUNKS = "log_chunks INDEXED BY log_chunks_by_line WHERE stream = ? AND last >= ? AND line"
"""The start of each query: without statistics, SQLite would choose the index of `last`, and read the whole log."""


def first_number(reader: Reader, stream: int, since: int) -> int | None:
    """Return the number of the first stored line whose chunk ends at a time or later; None if there is none."""
    found: int | None = reader.value(f"SELECT line FROM {_CHUNKS} > 0 ORDER BY line LIMIT 1", (stream, since))  # noqa: S608
    return found


def chunks_forward(reader: Reader, stream: int, number: int, since: int) -> Iterator[NumberedChunk]:
    """Yield the chunks from the one that has this line, or would have it, without those that ended before a time."""
    begin = reader.value(f"SELECT line FROM {_CHUNKS} <= ? ORDER BY line DESC LIMIT 1", (stream, since, number))  # noqa: S608
    yield from _read_chunks(reader, (stream, since), "> ? ORDER BY line", (begin or 1) - 1)


def chunks_backward(reader: Reader, stream: int, number: int, since: int) -> Iterator[NumberedChunk]:
    """Yield the chunks with lines before this number, the latest first, without those that ended before a time."""
    yield from _read_chunks(reader, (stream, since), "< ? ORDER BY line DESC", number)


def _read_chunks(reader: Reader, source: tuple[int, int], condition: str, number: int) -> Iterator[NumberedChunk]:
    sql = f"SELECT line, first, body FROM {_CHUNKS} {condition} LIMIT ?"  # noqa: S608 - our own conditions
    for most in query_sizes():
        found = [NumberedChunk(*row) for row in reader.rows(sql, (*source, number, most))]
        yield from found
        if len(found) < most:
            return
        number = found[-1].line
