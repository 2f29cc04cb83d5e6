"""Batches of log events hold all events in order, and are never larger than PutLogEvents takes."""

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
def test_pieces_are_short_enough_and_make_up_the_whole(text: str, longest: int) -> None:
    cut = list(split_message(text, longest))
    assert "".join(cut) == text
    assert all(0 < len(piece.encode()) <= longest for piece in cut)


@given(st.lists(st.tuples(st.integers(0, 3 * MAX_BATCH_MILLISECONDS), st.integers(1, 300_000)), max_size=20))
def test_batches_keep_every_event_and_the_limits(drawn: list[tuple[int, int]]) -> None:
    events = [(time, "x" * length) for time, length in drawn]
    cut = list(batch_events(events))
    assert [event for batch in cut for event in batch] == sorted(events, key=lambda event: event[0])
    for batch in cut:
        assert sum(len(message) + EVENT_OVERHEAD_BYTES for _, message in batch) <= MAX_BATCH_BYTES
        assert batch[-1][0] - batch[0][0] <= MAX_BATCH_MILLISECONDS


def test_a_batch_has_no_more_events_than_are_allowed() -> None:
    cut = list(batch_events([(0, "x")] * (MAX_BATCH_EVENTS + 1)))
    assert [len(batch) for batch in cut] == [MAX_BATCH_EVENTS, 1]
