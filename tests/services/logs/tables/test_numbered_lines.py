"""Read lines of a log by their numbers, which are the order of their arrival."""

import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import Json, loads
from lamplighter.services.logs.tables import log_chunks, log_groups, numbered_lines
from lamplighter.services.logs.tables.log_groups import STREAMS
from lamplighter.services.logs.tables.numbered_lines import NumberedChunk, NumberedLine
from lamplighter.store.db import CommitSignals, Reader, Tx
from lamplighter.store.migrate import migrate

batches = st.lists(
    st.lists(st.tuples(st.integers(1, 60_000), st.sampled_from(["a", "x" * 40_000])), min_size=1, max_size=8).map(
        sorted
    ),
    max_size=10,
)


def open_transaction() -> tuple[sqlite3.Connection, Tx]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    return connection, Tx(connection, CommitSignals())


def put(tx: Tx, stream: int, events: list[tuple[int, str]]) -> None:
    """Put events as PutLogEvents does."""
    found = STREAMS.find(tx, "id = ?", stream)
    assert found is not None
    log_chunks.append_events(tx, found, events, 0)
    log_groups.record_events(tx, stream, events[-1][0], len(events), 0)


def lines_of(chunks: Iterator[NumberedChunk]) -> list[NumberedLine]:
    return [line for chunk in chunks for line in chunk.lines(chunk.document())]


@pytest.fixture
def tx() -> Iterator[Tx]:
    connection, opened = open_transaction()
    with closing(connection):
        yield opened


@given(batches, st.integers(1, 90))
def test_lines_are_numbered_as_they_arrive_and_are_found_from_any_number(
    batches: list[list[tuple[int, str]]], number: int
) -> None:
    connection, tx = open_transaction()
    with closing(connection):
        stream, other = (log_groups.put_stream(tx, 7, name, 0) for name in ("a", "b"))
        for events in batches:
            put(tx, stream, events)
            put(tx, other, [(1, "of another stream")])
        arrived = [each for events in batches for each in events]
        numbered = [NumberedLine(at, *each) for at, each in enumerate(arrived, 1)]
        forward = lines_of(numbered_lines.chunks_forward(tx, stream, number, 0))
        assert [each for each in forward if each.number >= number] == numbered[number - 1 :]
        backward = [
            line
            for chunk in numbered_lines.chunks_backward(tx, stream, number, 0)
            for line in chunk.lines(chunk.document())[::-1]
        ]
        assert [each for each in backward if each.number < number] == numbered[: number - 1][::-1]
        assert numbered_lines.first_number(tx, stream, 0) == (1 if numbered else None)


def test_a_damaged_chunk_is_one_line_that_says_so_and_the_lines_around_it_keep_their_numbers(tx: Tx) -> None:
    stream = log_groups.put_stream(tx, 7, "a", 0)
    for text in ("one", "two", "three"):
        put(tx, stream, [(1, text), (2, text)])
    for damaged in (b"[[0,1],[", b"\x78\x01 no zlib", zlib.compress(b"{}")):
        tx.execute("UPDATE log_chunks SET body = ? WHERE line = 3", (damaged,))
        found = lines_of(numbered_lines.chunks_forward(tx, stream, 1, 0))
        assert [(each.number, each.message) for each in found] == [
            *[(1, "one"), (2, "one"), (3, numbered_lines.DAMAGED), (5, "three"), (6, "three")]
        ]


def test_lines_around_any_number_are_read_with_a_few_chunks_however_long_the_log_is(tx: Tx) -> None:
    stream = log_groups.put_stream(tx, 7, "a", 0)
    for at in range(3_000):
        put(tx, stream, [(at, "a line")])
    for number in (1, 1_500, 3_000):
        steps = count_steps(tx, lambda: next(numbered_lines.chunks_forward(tx, stream, number, 0)))  # noqa: B023
        assert steps < 500, number
        steps = count_steps(tx, lambda: next(numbered_lines.chunks_backward(tx, stream, number + 1, 0)))  # noqa: B023
        assert steps < 500, number


def count_steps(tx: Reader, run: Callable[[], Json]) -> int:
    """Return how many instructions of SQLite a read costs."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    tx._connection.set_progress_handler(count, 1)
    run()
    tx._connection.set_progress_handler(None, 1)
    return steps


def test_a_stored_line_is_readable_json(tx: Tx) -> None:
    stream = log_groups.put_stream(tx, 7, "a", 0)
    put(tx, stream, [(1, "é" * 300)])
    (chunk,) = numbered_lines.chunks_forward(tx, stream, 1, 0)
    assert loads(chunk.document()) == [[0], ["é" * 300]]
