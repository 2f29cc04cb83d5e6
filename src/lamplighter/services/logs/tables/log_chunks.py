"""Log events, kept in chunks: the events of one PutLogEvents within ten seconds are one row, packed.

Promises the order of AWS: by time, then by when they were put, then by their place in the batch. Every event has a key
in that order, by which reading begins anywhere and goes either way, with few chunks in memory. Chunks overlap; but as
none is longer, those that can hold the next event begin within ten seconds of it.
"""

import heapq
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from lamplighter.base.json_text import dump_bytes, loads
from lamplighter.store.db import Reader, Tx

SPAN = 10_000
"""Milliseconds from the first event of a chunk to its last, at most."""
LARGEST = 64 * 1024
"""Characters of a chunk's messages, unless one message is longer."""
SMALL = 200
"""Bytes below which packing is not worth it."""
OVERHEAD = 26
"""Bytes that each event is counted for, beside its message."""
AT_ONCE = (4, 64)
"""Chunks that are read from the database together: at first, and at most."""

Key = tuple[int, int, int]
"""Where an event is in the order: its time, its chunk, its place there."""
Source = tuple[Literal["grp", "stream"], int]
"""Of what the events are read."""
FIRST: Key = (0, 0, 0)
LAST: Key = (2**62, 2**62, 2**62)


class StoredEvent(NamedTuple):
    """An event, read again; a tuple, as pages hold thousands."""

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
    """The bytes that an event is counted for."""
    return (len(message) if message.isascii() else len(message.encode())) + OVERHEAD


def append_events(tx: Tx, group: int, stream: int, events: Sequence[tuple[int, str]], now: int) -> int:
    """Keep events, given in the order of their times; the bytes that they are counted for."""
    total = 0
    for piece in _pieces(events):
        first, counted = piece[0][0], sum(stored_size(message) for _, message in piece)
        body = dump_bytes([[time - first for time, _ in piece], [message for _, message in piece]])
        if len(body) > SMALL:
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
        if at > begin and (time - events[begin][0] > SPAN or length + len(message) > LARGEST):
            yield events[begin:at]
            begin, length = at, 0
        length += len(message)
    if events:
        yield events[begin:]


def events_forward(reader: Reader, source: Source, after: Key, until: int) -> Iterator[StoredEvent]:
    """The events behind a key, up to a time (itself included)."""
    waiting: list[tuple[Key, StoredEvent, Iterator[StoredEvent]]] = []
    chunks = _chunks_forward(reader, source, after, until)
    upcoming = next(chunks, None)
    while waiting or upcoming is not None:
        while upcoming is not None and (not waiting or (upcoming.first, upcoming.id) < waiting[0][0][:2]):
            _wait(waiting, (found for found in upcoming.events() if found.key > after), 1)
            upcoming = next(chunks, None)
        if waiting:
            found = _take(waiting, 1)
            if found.key[0] > until:
                return
            yield found


def events_backward(reader: Reader, source: Source, before: Key, since: int) -> Iterator[StoredEvent]:
    """The events before a key, the latest first, back to a time (itself included)."""
    waiting: list[tuple[Key, StoredEvent, Iterator[StoredEvent]]] = []
    chunks = _chunks_backward(reader, source, before, since)
    upcoming = next(chunks, None)
    while waiting or upcoming is not None:
        while upcoming is not None and (not waiting or (-upcoming.last, -upcoming.id) < waiting[0][0][:2]):
            _wait(waiting, (found for found in reversed(upcoming.events()) if found.key < before), -1)
            upcoming = next(chunks, None)
        if waiting:
            found = _take(waiting, -1)
            if found.key[0] < since:
                return
            yield found


def _wait(
    waiting: list[tuple[Key, StoredEvent, Iterator[StoredEvent]]], events: Iterator[StoredEvent], way: int
) -> None:
    """Have the next event of a chunk wait for its turn."""
    found = next(events, None)
    if found is not None:
        heapq.heappush(waiting, (_turned(found.key, way), found, events))


def _take(waiting: list[tuple[Key, StoredEvent, Iterator[StoredEvent]]], way: int) -> StoredEvent:
    _, found, events = waiting[0]
    following = next(events, None)
    if following is None:
        heapq.heappop(waiting)
    else:
        heapq.heapreplace(waiting, (_turned(following.key, way), following, events))
    return found


def _turned(key: Key, way: int) -> Key:
    return key if way > 0 else (-key[0], -key[1], -key[2])


COLUMNS = "id, stream, first, last, ingested, body"


def _chunks_forward(reader: Reader, source: Source, after: Key, until: int) -> Iterator[_Chunk]:
    column, value = source
    sql = (
        f"SELECT {COLUMNS} FROM log_chunks WHERE {column} = ? AND (first, id) > (?, ?) "  # noqa: S608 - our own columns
        "AND first <= ? AND last >= ? ORDER BY first, id LIMIT ?"
    )
    at = (after[0] - SPAN - 1, 0)
    for most in _growing():
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
    at = (before[0] + SPAN + 1, 0)
    for most in _growing():
        chunks = [_Chunk(*row) for row in reader.rows(sql, (value, *at, since, before[0], most))]
        yield from chunks
        if len(chunks) < most:
            return
        at = (chunks[-1].last, chunks[-1].id)


def _growing() -> Iterator[int]:
    """How many chunks to read next: few for who wants few, more and more for who goes on."""
    most, limit = AT_ONCE
    while True:
        yield most
        most = min(2 * most, limit)


def first_time(reader: Reader, stream: int) -> int | None:
    """The time of a stream's earliest event."""
    row = reader.row("SELECT min(first) FROM log_chunks WHERE stream = ?", (stream,))
    return row[0] if row else None


def sweep(tx: Tx, source: Source, before: int, most: int) -> tuple[int, int]:
    """Delete some chunks that ended before a time, the oldest first; how many, and their bytes."""
    column, value = source
    rows = tx.rows(
        f"SELECT id, bytes FROM log_chunks WHERE {column} = ? AND last < ? ORDER BY last LIMIT ?",  # noqa: S608
        (value, before, most),
    )
    tx.many("DELETE FROM log_chunks WHERE id = ?", [(key,) for key, _ in rows])
    return len(rows), sum(counted for _, counted in rows)
