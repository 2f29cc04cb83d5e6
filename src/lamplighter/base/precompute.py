"""Compute results for large texts in a thread, before the turn that needs them.

Guarantees that only the time differs: the turn calls the function as if nothing had been computed, and receives the
same value or the same error. Only results for large texts are kept, and only a few of them. The work must be pure: its
result depends on its arguments alone.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar, cast

from lamplighter.base.errors import LamplighterError

LARGE_TEXT_LENGTH = 32_768
"""The length in characters above which a text is large; work on a smaller text takes a few milliseconds."""
CACHE_SIZE = 8
"""The most results that a function keeps between the thread and the turn."""

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[V]):
    """The result of a piece of work: a value, or an error without its traceback.

    A traceback would keep the work's variables alive, and a JSONata program may only be freed in the thread that made
    it.
    """

    value: V | None
    error: LamplighterError | None

    def get(self) -> V:
        """Return the value, or raise the error."""
        if self.error is not None:
            raise self.error.with_traceback(None)
        return cast("V", self.value)


def run_work(work: Callable[[], V]) -> Outcome[V]:
    """Run a piece of work and return its value or error as an `Outcome`."""
    try:
        return Outcome(work(), None)
    except LamplighterError as error:
        error.__context__ = error.__cause__ = None
        return Outcome(None, error.with_traceback(None))


class Precomputed(Generic[V]):
    """A function of texts whose results can be computed before they are needed."""

    def __init__(self, work: Callable[..., V]) -> None:
        self._work = work
        self._outcome: Callable[..., Outcome[V]] = lru_cache(CACHE_SIZE)(lambda *given: run_work(lambda: work(*given)))

    def __call__(self, *given: Hashable) -> V:
        """Return the function's result; for large arguments, the one computed before, if any."""
        if not _is_large(given):
            return self._work(*given)
        return self._outcome(*given).get()

    def work_for(self, *given: Hashable) -> Callable[[], object] | None:
        """Return the work to run in a thread before the turn, or None if the arguments are small."""
        return (lambda: self._outcome(*given)) if _is_large(given) else None


def combine(*works: Callable[[], object] | None) -> Callable[[], object] | None:
    """Return several pieces of work as one function, or None if there are none."""
    found = [work for work in works if work is not None]
    return (lambda: [work() for work in found]) if found else None


def _is_large(given: tuple[Hashable, ...]) -> bool:
    return any(isinstance(each, str) and len(each) > LARGE_TEXT_LENGTH for each in given)
