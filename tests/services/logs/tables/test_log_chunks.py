"""Read chunks of log events in the total order of the events, from any event on and in both directions."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.services.logs.tables import log_chunks
from lamplighter.services.logs.tables.log_chunks import Key, Source, StoredEvent
from lamplighter.services.logs.tables.log_groups import LogStream
from lamplighter.store.db import CommitSignals, Tx
from lamplighter.store.migrate import migrate

FIRST: Key = (0, 0, 0)
LAST: Key = (2**62, 2**62, 2**62)
times = st.integers(1, 300_000)
SOURCES: list[Source] = [("log_group", 7), ("stream", 1)]
messages = st.sampled_from(["a", "ü" * 300, "x" * 40_000])
batches = st.lists(
    st.tuples(st.integers(1, 3), st.lists(st.tuples(times, messages), min_size=1, max_size=12).map(sorted)), max_size=12
)


@contextmanager
def transaction_with_events(batches: list[tuple[int, list[tuple[int, str]]]]) -> Iterator[Tx]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(connection)
        tx = Tx(connection, CommitSignals())
        for stream, events in batches:
            log_chunks.append_events(tx, LogStream(stream, 7, "s", 0, 0, 0), events, 0)
        yield tx
    finally:
        connection.close()


@given(batches)
def test_events_are_read_in_order_and_none_is_lost_or_repeated(
    batches: list[tuple[int, list[tuple[int, str]]]],
) -> None:
    with transaction_with_events(batches) as tx:
        found = list(log_chunks.events_forward(tx, ("log_group", 7), FIRST, 2**62))
    expected = [(time, at, message) for at, (_, events) in enumerate(batches) for time, message in events]
    assert [(each.key[0], each.message) for each in found] == [
        (time, message) for time, _, message in sorted(expected, key=lambda each: each[:2])
    ]
    assert [each.key for each in found] == sorted({each.key for each in found})


@given(batches, st.data())
def test_reading_continues_after_any_event_and_before_any_event(
    batches: list[tuple[int, list[tuple[int, str]]]], data: st.DataObject
) -> None:
    with transaction_with_events(batches) as tx:
        source: Source = data.draw(st.sampled_from(SOURCES))
        everything = list(log_chunks.events_forward(tx, source, FIRST, 2**62))
        assert list(log_chunks.events_backward(tx, source, LAST, 0)) == everything[::-1]
        since, until = sorted((data.draw(times), data.draw(times)))
        place = data.draw(st.sampled_from([FIRST, LAST, *(each.key for each in everything)]))
        assert list(log_chunks.events_forward(tx, source, place, until)) == events_after(everything, place, until)
        assert (
            list(log_chunks.events_backward(tx, source, place, since)) == events_before(everything, place, since)[::-1]
        )


def events_after(events: list[StoredEvent], place: log_chunks.Key, until: int) -> list[StoredEvent]:
    return [each for each in events if each.key > place and each.key[0] <= until]


def events_before(events: list[StoredEvent], place: log_chunks.Key, since: int) -> list[StoredEvent]:
    return [each for each in events if each.key < place and each.key[0] >= since]


@given(batches, times)
def test_a_sweep_deletes_only_chunks_that_ended_before_a_time(
    batches: list[tuple[int, list[tuple[int, str]]]], time: int
) -> None:
    with transaction_with_events(batches) as tx:
        everything = list(log_chunks.events_forward(tx, ("log_group", 7), FIRST, 2**62))
        swept = 0
        while found := log_chunks.sweep(tx, ("log_group", 7), time, 2)[1]:
            swept += found
        left = list(log_chunks.events_forward(tx, ("log_group", 7), FIRST, 2**62))
    deleted = [each for each in everything if each not in left]
    assert all(each.key[0] < time for each in deleted)
    assert all(each.key[0] + log_chunks.CHUNK_SPAN_MS >= time for each in left)
    assert swept == sum(log_chunks.stored_size(each.message) for each in deleted)
