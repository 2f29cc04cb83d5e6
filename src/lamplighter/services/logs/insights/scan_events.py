"""Read the events of a query's log groups, newest first, a slice at a time, and pass them to the query.

A slice runs in a thread with its own connection, and lets other threads run after each few events, so that the engine
answers other requests meanwhile. Deleted streams and expired events are not read.
"""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lamplighter.base import world
from lamplighter.lang.log_query.query import QueryRun
from lamplighter.lang.log_query.rows import LogEvent
from lamplighter.services.logs.tables import log_chunks, log_groups
from lamplighter.services.logs.tables.log_chunks import Key, StoredEvent, stored_size
from lamplighter.store.db import Reader

MAX_SLICE_EVENTS, MAX_SLICE_BYTES = 20_000, 8 * 1_048_576
"""The most events, and the most bytes of events, of a slice: about 0.1 s of work."""
EVENTS_BETWEEN_PAUSES = 200


@dataclass(frozen=True, slots=True)
class ScannedGroup:
    """A log group of a query."""

    label: str
    """The field `@log`: `123456789012:/batch/nightly`."""
    since: int
    """The earliest time of an event that has not expired."""


@dataclass(slots=True)
class Scan:
    """The progress of one query."""

    run: QueryRun
    groups: Mapping[int, ScannedGroup]
    """The log groups by their keys."""
    since: int
    before: Key
    """The events before this key are still to be read."""
    records: int = 0
    bytes: int = 0
    streams: dict[int, tuple[str, int] | None] = field(default_factory=dict)
    """The name and the group of each stream; None if the stream is deleted."""


def scan_slice(reader: Reader, scan: Scan) -> bool:
    """Read a slice; return whether the query has all events that it needs. Raises `QueryTooLarge`."""
    events, room = 0, MAX_SLICE_BYTES
    for found in _read_events(reader, scan):
        if events == MAX_SLICE_EVENTS or room < 0:
            return False
        events += 1
        size = stored_size(found.message)
        room -= size
        scan.before = found.key
        if events % EVENTS_BETWEEN_PAUSES == 0:
            world.sleep(0)
        if found.stream not in scan.streams:
            scan.streams[found.stream] = log_groups.stream_place(reader, found.stream)
        place = scan.streams[found.stream]
        if place is None:
            continue
        scan.records += 1
        scan.bytes += size
        scan.run.add(_to_event(scan, found, place))
        if scan.run.is_done:
            return True
    return True


def _read_events(reader: Reader, scan: Scan) -> Iterator[StoredEvent]:
    sources = [
        log_chunks.events_backward(reader, ("log_group", key), scan.before, max(scan.since, group.since))
        for key, group in scan.groups.items()
    ]
    return heapq.merge(*sources, key=lambda found: found.key, reverse=True)


def _to_event(scan: Scan, found: StoredEvent, place: tuple[str, int]) -> LogEvent:
    name, group = place
    time, chunk, index = found.key
    pointer = f"{group}.{time}.{chunk}.{index}"
    return LogEvent(time, found.ingested, found.message, name, scan.groups[group].label, pointer)
