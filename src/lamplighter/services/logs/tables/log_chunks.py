"""Store log events in chunks: a chunk is one row with the packed events of one PutLogEvents call within ten seconds.

Guarantees AWS's order: by time, then by when the events were put, then by their place in the batch. Each event has a
key in that order. A read can begin at any key, goes forward or backward, and keeps few chunks in memory. Chunks may
overlap. But no chunk spans more than ten seconds, so the chunks that can hold the next event begin within ten seconds
of it.
"""

import heapq
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal, NamedTuple

from lamplighter.base.json_text import dump_bytes, loads
from lamplighter.services.logs.tables.log_groups import LogStream
from lamplighter.store.db import Reader, Tx

CHUNK_SPAN_MS = 10_000
"""The most milliseconds between the first and the last event of a chunk."""
MAX_CHUNK_CHARACTERS = 64 * 1024
"""The most characters of a chunk's messages, unless a single message is longer."""
MAX_UNCOMPRESSED_BYTES = 200
"""The most bytes of a chunk that is not worth compressing."""
OVERHEAD = 26
"""Bytes that each event counts in addition to its message."""
CHUNKS_PER_QUERY = (4, 64)
"""The number of chunks in the first query of a read, and the most in a later query."""

Key = tuple[int, int, int]
"""The position of an event in the order: its time, the id of its chunk, and its index in the chunk."""
Source = tuple[Literal["log_group", "stream"], int]
"""The log group or log stream whose events are read: the column that names it, and its id."""


class StoredEvent(NamedTuple):
    """A log event read from its chunk; a tuple, because pages hold thousands."""

    key: Key
    stream: int
    ingested: int
    message: str


@dataclass(frozen=True, slots=True)
class _Chunk:
    id: int
    stream: int
    first: int
    last: int
    ingested: int
    body: bytes

    def events(self) -> list[StoredEvent]:
        offsets, messages = loads(unpack_body(self.body))
        return [
            StoredEvent((self.first + offset, self.id, at), self.stream, self.ingested, message)
            for at, (offset, message) in enumerate(zip(offsets, messages, strict=True))
        ]


def stored_size(message: str) -> int:
    """Return the bytes that an event counts: its message in UTF-8 plus `OVERHEAD`."""
    return (len(message) if message.isascii() else len(message.encode())) + OVERHEAD


def unpack_body(body: bytes) -> bytes:
    """Return the JSON of a chunk: the offsets of its events from the time of the first, and their messages."""
    return body if body[:1] == b"[" else zlib.decompress(body)


def append_events(tx: Tx, stream: LogStream, events: Sequence[tuple[int, str]], now: int) -> int:
    """Store events, which must be in order of time, and return the bytes that they count."""
    total, line = 0, None if stream.lines is None else stream.lines + 1
    for piece in _pieces(events):
        first, counted = piece[0][0], sum(stored_size(message) for _, message in piece)
        body = dump_bytes([[time - first for time, _ in piece], [message for _, message in piece]])
        if len(body) > MAX_UNCOMPRESSED_BYTES:
            body = zlib.compress(body, 1)
        tx.execute(
            "INSERT INTO log_chunks (log_group, stream, first, last, ingested, bytes, body, line) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (stream.group, stream.id, first, piece[-1][0], now, counted, body, line),
        )
        total += counted
        line = None if line is None else line + len(piece)
    return total


def _pieces(events: Sequence[tuple[int, str]]) -> Iterator[Sequence[tuple[int, str]]]:
    begin, length = 0, 0
    for at, (time, message) in enumerate(events):
        if at > begin and (time - events[begin][0] > CHUNK_SPAN_MS or length + len(message) > MAX_CHUNK_CHARACTERS):
            yield events[begin:at]
            begin, length = at, 0
        length += len(message)
    if events:
        yield events[begin:]


def events_forward(reader: Reader, source: Source, after: Key, until: int) -> Iterator[StoredEvent]:
    """Yield the events after a key in order, up to and including the time `until`."""
    where = "(first, id) > (?, ?) AND first <= ? AND last >= ? ORDER BY first, id"
    chunks = _read_chunks(reader, source, where, (after[0] - CHUNK_SPAN_MS - 1, 0), (until, after[0]), 1)
    events = _merge_events(chunks, lambda found: found.key > after, 1)
    return takewhile(lambda found: found.key[0] <= until, events)


def events_backward(reader: Reader, source: Source, before: Key, since: int) -> Iterator[StoredEvent]:
    """Yield the events before a key, latest first, back to and including the time `since`."""
    where = "(last, id) < (?, ?) AND last >= ? AND first <= ? ORDER BY last DESC, id DESC"
    chunks = _read_chunks(reader, source, where, (before[0] + CHUNK_SPAN_MS + 1, 0), (since, before[0]), -1)
    events = _merge_events(chunks, lambda found: found.key < before, -1)
    return takewhile(lambda found: found.key[0] >= since, events)


def _merge_events(
    chunks: Iterator[_Chunk], is_wanted: Callable[[StoredEvent], bool], direction: int
) -> Iterator[StoredEvent]:
    """Yield the wanted events of chunks in order; the chunks are in the order of the events with which they begin."""
    heap: list[tuple[Key, StoredEvent, Iterator[StoredEvent]]] = []
    upcoming = next(chunks, None)
    while heap or upcoming is not None:
        while upcoming is not None and (not heap or _position(upcoming, direction) < heap[0][0][:2]):
            _push_next(heap, filter(is_wanted, upcoming.events()[::direction]), direction)
            upcoming = next(chunks, None)
        if heap:
            _, found, events = heapq.heappop(heap)
            yield found
            _push_next(heap, events, direction)


def _position(chunk: _Chunk, direction: int) -> tuple[int, int]:
    """Return the position of a chunk in the order of a read."""
    return (chunk.first, chunk.id) if direction > 0 else (-chunk.last, -chunk.id)


def _push_next(
    heap: list[tuple[Key, StoredEvent, Iterator[StoredEvent]]], events: Iterator[StoredEvent], direction: int
) -> None:
    """Add the next event of a chunk to the heap, if the chunk has another event."""
    found = next(events, None)
    if found is not None:
        time, chunk, place = found.key
        key = found.key if direction > 0 else (-time, -chunk, -place)
        heapq.heappush(heap, (key, found, events))


COLUMNS = "id, stream, first, last, ingested, body"


def _read_chunks(
    reader: Reader, source: Source, where: str, start: tuple[int, int], limits: tuple[int, int], direction: int
) -> Iterator[_Chunk]:
    """Yield the chunks of a source from a position on, in the order of a read."""
    column, value = source
    sql = f"SELECT {COLUMNS} FROM log_chunks WHERE {column} = ? AND {where} LIMIT ?"  # noqa: S608 - our own columns
    for most in query_sizes():
        chunks = [_Chunk(*row) for row in reader.rows(sql, (value, *start, *limits, most))]
        yield from chunks
        if len(chunks) < most:
            return
        start = (chunks[-1].first if direction > 0 else chunks[-1].last, chunks[-1].id)


def query_sizes() -> Iterator[int]:
    """Yield how many chunks each query reads: few at first, then twice as many each time, up to the limit."""
    most, limit = CHUNKS_PER_QUERY
    while True:
        yield most
        most = min(2 * most, limit)


def first_time(reader: Reader, stream: int) -> int | None:
    """Return the time of a stream's earliest event, or None if there is none."""
    return reader.value("SELECT min(first) FROM log_chunks WHERE stream = ?", (stream,))


def sweep(tx: Tx, source: Source, before: int, most: int) -> tuple[int, int]:
    """Delete up to `most` chunks that ended before a time, oldest first; return their number and counted bytes."""
    column, value = source
    rows = tx.rows(
        f"SELECT id, bytes FROM log_chunks WHERE {column} = ? AND last < ? ORDER BY last LIMIT ?",  # noqa: S608
        (value, before, most),
    )
    tx.execute_many("DELETE FROM log_chunks WHERE id = ?", [(key,) for key, _ in rows])
    return len(rows), sum(counted for _, counted in rows)
