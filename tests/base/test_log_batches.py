"""Batches of log events hold all events in order, and are never larger than PutLogEvents accepts."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.log_batches import (
    EVENT_OVERHEAD_BYTES,
    MAX_BATCH_BYTES,
    MAX_BATCH_EVENTS,
    MAX_BATCH_MILLISECONDS,
    batch_events,
    split_message,
)

texts = st.text(alphabet="aü語🙂", max_size=40)


@given(texts, st.integers(4, 20))
def test_the_pieces_of_a_message_are_short_enough_and_join_to_the_message(text: str, max_bytes: int) -> None:
    pieces = list(split_message(text, max_bytes))
    assert "".join(pieces) == text
    assert all(0 < len(piece.encode()) <= max_bytes for piece in pieces)


def test_the_memory_of_a_piece_does_not_grow_with_the_message() -> None:
    """Each piece was made with a copy of the rest of the message: 400 MB took minutes."""

    def most_for_a_piece(pieces: int) -> int:
        splitting = split_message("x" * pieces * 1_000, 1_000)
        next(splitting)
        tracemalloc.start()
        next(splitting)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert most_for_a_piece(1_000) < 10_000


@given(st.lists(st.tuples(st.integers(0, 3 * MAX_BATCH_MILLISECONDS), st.integers(1, 300_000)), max_size=20))
def test_batches_keep_every_event_and_the_limits(drawn: list[tuple[int, int]]) -> None:
    events = [(time, "x" * length) for time, length in drawn]
    batches = list(batch_events(events))
    assert [event for batch in batches for event in batch] == sorted(events, key=lambda event: event[0])
    for batch in batches:
        assert sum(len(message) + EVENT_OVERHEAD_BYTES for _, message in batch) <= MAX_BATCH_BYTES
        assert batch[-1][0] - batch[0][0] <= MAX_BATCH_MILLISECONDS


def test_a_batch_has_at_most_the_maximum_number_of_events() -> None:
    batches = list(batch_events([(0, "x")] * (MAX_BATCH_EVENTS + 1)))
    assert [len(batch) for batch in batches] == [MAX_BATCH_EVENTS, 1]
