"""Work that is done ahead comes out as if it had never been."""

from collections.abc import Callable

import pytest

from lamplighter.base.errors import AwsError, ValidationError
from lamplighter.base.precompute import LARGE_TEXT_LENGTH, Precomputed

SMALL_TEXT, LARGE_TEXT = "x", "x" * (LARGE_TEXT_LENGTH + 1)


class Counted:
    """Work that remembers how often it was done."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, text: str) -> int:
        self.times += 1
        if text.endswith("!"):
            raise ValidationError("no")
        return len(text)


def begun(ahead: Precomputed[int], text: str) -> Callable[[], object]:
    work = ahead.work_for(text)
    assert work is not None
    return work


def test_what_was_done_ahead_is_not_done_again() -> None:
    work = Counted()
    ahead = Precomputed(work)
    begun(ahead, LARGE_TEXT)()
    assert (ahead(LARGE_TEXT), ahead(LARGE_TEXT), work.times) == (len(LARGE_TEXT), len(LARGE_TEXT), 1)


def test_what_is_small_is_not_worth_a_thread_and_is_not_kept() -> None:
    work = Counted()
    ahead = Precomputed(work)
    assert ahead.work_for(SMALL_TEXT) is None
    assert (ahead(SMALL_TEXT), ahead(SMALL_TEXT), work.times) == (1, 1, 2)


def test_an_error_is_raised_in_the_turn_and_holds_nothing_of_where_it_came_from() -> None:
    ahead = Precomputed(Counted())
    begun(ahead, LARGE_TEXT + "!")()
    for _ in range(2):
        with pytest.raises(AwsError, match="no") as raised:
            ahead(LARGE_TEXT + "!")
        assert raised.value.__context__ is None
    assert all(entry.name != "__call__" or "Counted" not in str(entry) for entry in raised.traceback)


def test_what_was_not_done_ahead_is_done_in_the_turn() -> None:
    work = Counted()
    assert (Precomputed(work)(LARGE_TEXT), work.times) == (len(LARGE_TEXT), 1)
