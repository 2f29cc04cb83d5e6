"""Store log events in chunks: a chunk is one row with the packed events of one PutLogEvents call within ten seconds.

Guarantees AWS's order: by time, then by when the events were put, then by their place in the batch. Each event has a
key in that order. A read can begin at any key, goes forward or backward, and keeps few chunks in memory. Chunks may
overlap. But no chunk spans more than ten seconds, so the chunks that can hold the next event begin within ten seconds
of it.
"""

import heapq
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from lamplighter.base.json_text import dump_bytes, loads
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
Source = tuple[Literal["grp", "stream"], int]
"""The log group (`grp`) or log stream whose events are read, with its id."""
FIRST: Key = (0, 0, 0)
LAST: Key = (2**62, 2**62, 2**62)


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
        offsets, messages = loads(zlib.decompress(self.body) if self.body[:1] != b"[" else self.body)
        return [
            StoredEvent((self.first + offset, self.id, at), self.stream, self.ingested, message)
            for at, (offset, message) in enumerate(zip(offsets, messages, strict=True))
        ]


def stored_size(message: str) -> int:
    """Return the bytes that an event counts: its message in UTF-8 plus `OVERHEAD`."""
    return (len(message) if message.isascii() else len(message.encode())) + OVERHEAD


def append_events(tx: Tx, group: int, stream: int, events: Sequence[tuple[int, str]], now: int) -> int:
    """Store events, which must be in order of time, and return the bytes that they count."""
    total = 0
    for piece in _pieces(events):
        first, counted = piece[0][0], sum(stored_size(message) for _, message in piece)
        body = dump_bytes([[time - first for time, _ in piece], [message for _, message in piece]])
        if len(body) > MAX_UNCOMPRESSED_BYTES:
            body = zlib.compress(body, 1)
        tx.execute(
            "INSERT INTO log_chunks (grp, stream, first, last, ingested, bytes, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (group, stream, first, piece[-1][0], now, counted, body),
        )
        total += counted
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
    heap: list[tuple[Key, StoredEvent, Iterator[StoredEvent]]] = []
    chunks = _chunks_forward(reader, source, after, until)
    upcoming = next(chunks, None)
    while heap or upcoming is not None:
        while upcoming is not None and (not heap or (upcoming.first, upcoming.id) < heap[0][0][:2]):
            _push_next(heap, (found for found in upcoming.events() if found.key > after), 1)
            upcoming = next(chunks, None)
        if heap:
            found = _pop_next(heap, 1)
            if found.key[0] > until:
                return
            yield found


def events_backward(reader: Reader, source: Source, before: Key, since: int) -> Iterator[StoredEvent]:
    """Yield the events before a key, latest first, back to and including the time `since`."""
    heap: list[tuple[Key, StoredEvent, Iterator[StoredEvent]]] = []
    chunks = _chunks_backward(reader, source, before, since)
    upcoming = next(chunks, None)
    while heap or upcoming is not None:
        while upcoming is not None and (not heap or (-upcoming.last, -upcoming.id) < heap[0][0][:2]):
            _push_next(heap, (found for found in reversed(upcoming.events()) if found.key < before), -1)
            upcoming = next(chunks, None)
        if heap:
            found = _pop_next(heap, -1)
            if found.key[0] < since:
                return
            yield found


def _push_next(
    heap: list[tuple[Key, StoredEvent, Iterator[StoredEvent]]], events: Iterator[StoredEvent], direction: int
) -> None:
    """Add the next event of a chunk to the heap, if the chunk has another event."""
    found = next(events, None)
    if found is not None:
        heapq.heappush(heap, (_heap_key(found.key, direction), found, events))


def _pop_next(heap: list[tuple[Key, StoredEvent, Iterator[StoredEvent]]], direction: int) -> StoredEvent:
    _, found, events = heap[0]
    following = next(events, None)
    if following is None:
        heapq.heappop(heap)
    else:
        heapq.heapreplace(heap, (_heap_key(following.key, direction), following, events))
    return found


def _heap_key(key: Key, direction: int) -> Key:
    return key if direction > 0 else (-key[0], -key[1], -key[2])


COLUMNS = "id, stream, first, last, ingested, body"


def _chunks_forward(reader: Reader, source: Source, after: Key, until: int) -> Iterator[_Chunk]:
    column, value = source
    sql = (
        f"SELECT {COLUMNS} FROM log_chunks WHERE {column} = ? AND (first, id) > (?, ?) "  # noqa: S608 - our own columns
        "AND first <= ? AND last >= ? ORDER BY first, id LIMIT ?"
    )
    at = (after[0] - CHUNK_SPAN_MS - 1, 0)
    for most in _query_sizes():
        chunks = [_Chunk(*row) for row in reader.rows(sql, (value, *at, until, after[0], most))]
        yield from chunks
        if len(chunks) < most:
            return
        at = (chunks[-1].first, chunks[-1].id)


def _chunks_backward(reader: Reader, source: Source, before: Key, since: int) -> Iterator[_Chunk]:
    column, value = source
    sql = (
        f"SELECT {COLUMNS} FROM log_chunks WHERE {column} = ? AND (last, id) < (?, ?) "  # noqa: S608 - our own columns
        "AND last >= ? AND first <= ? ORDER BY last DESC, id DESC LIMIT ?"
    )
    at = (before[0] + CHUNK_SPAN_MS + 1, 0)
    for most in _query_sizes():
        chunks = [_Chunk(*row) for row in reader.rows(sql, (value, *at, since, before[0], most))]
        yield from chunks
        if len(chunks) < most:
            return
        at = (chunks[-1].last, chunks[-1].id)


def _query_sizes() -> Iterator[int]:
    """Yield how many chunks each query reads: few at first, then twice as many each time, up to the limit."""
    most, limit = CHUNKS_PER_QUERY
    while True:
        yield most
        most = min(2 * most, limit)


def first_time(reader: Reader, stream: int) -> int | None:
    """Return the time of a stream's earliest event, or None if there is none."""
    row = reader.row("SELECT min(first) FROM log_chunks WHERE stream = ?", (stream,))
    return row[0] if row else None


def sweep(tx: Tx, source: Source, before: int, most: int) -> tuple[int, int]:
    """Delete up to `most` chunks that ended before a time, oldest first; return their number and counted bytes."""
    column, value = source
    rows = tx.rows(
        f"SELECT id, bytes FROM log_chunks WHERE {column} = ? AND last < ? ORDER BY last LIMIT ?",  # noqa: S608
        (value, before, most),
    )
    tx.execute_many("DELETE FROM log_chunks WHERE id = ?", [(key,) for key, _ in rows])
    return len(rows), sum(counted for _, counted in rows)
