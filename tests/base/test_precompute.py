"""A precomputed result is the same as one that is computed in the turn."""

from collections.abc import Callable

import pytest

from lamplighter.base.errors import AwsError, ValidationError
from lamplighter.base.precompute import LARGE_TEXT_LENGTH, Precomputed

SMALL_TEXT, LARGE_TEXT = "x", "x" * (LARGE_TEXT_LENGTH + 1)


class CountedWork:
    """Work that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, text: str) -> int:
        self.calls += 1
        if text.endswith("!"):
            raise ValidationError("no")
        return len(text)


def required_work(precomputed: Precomputed[int], text: str) -> Callable[[], object]:
    work = precomputed.work_for(text)
    assert work is not None
    return work


def test_a_precomputed_result_is_not_computed_again() -> None:
    work = CountedWork()
    precomputed = Precomputed(work)
    required_work(precomputed, LARGE_TEXT)()
    assert (precomputed(LARGE_TEXT), precomputed(LARGE_TEXT), work.calls) == (len(LARGE_TEXT), len(LARGE_TEXT), 1)


def test_a_small_text_is_neither_precomputed_nor_cached() -> None:
    work = CountedWork()
    precomputed = Precomputed(work)
    assert precomputed.work_for(SMALL_TEXT) is None
    assert (precomputed(SMALL_TEXT), precomputed(SMALL_TEXT), work.calls) == (1, 1, 2)


def test_an_error_is_raised_in_the_turn_without_the_traceback_of_the_thread() -> None:
    precomputed = Precomputed(CountedWork())
    required_work(precomputed, LARGE_TEXT + "!")()
    for _ in range(2):
        with pytest.raises(AwsError, match="no") as raised:
            precomputed(LARGE_TEXT + "!")
        assert raised.value.__context__ is None
    assert all(entry.name != "__call__" or "Counted" not in str(entry) for entry in raised.traceback)


def test_a_result_that_was_not_precomputed_is_computed_in_the_turn() -> None:
    work = CountedWork()
    assert (Precomputed(work)(LARGE_TEXT), work.calls) == (len(LARGE_TEXT), 1)
