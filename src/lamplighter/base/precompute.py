"""Work that is done ahead of the turn that needs it, in a thread, because a large text takes long.

Promises that nobody can tell but by the clock: in the turn the work is asked for as if it had never been done, and
comes out as it would have, an error included; only what is large is kept, and only a little of that. The work must be
pure: it depends on what it is given and on nothing that changes.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar, cast

from lamplighter.base.errors import LamplighterError

LARGE = 32_768
"""Characters from which on a text is large: what is made of a smaller one takes a few milliseconds."""
KEPT = 8
"""How many results are kept between the thread and the turn."""

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[V]):
    """What came of a piece of work: a value, or an error without the places that it came by.

    They would hold what the work was made of, and JSONata's programs may be let go in their own thread only.
    """

    value: V | None
    error: LamplighterError | None

    def get(self) -> V:
        """The value; raises the error."""
        if self.error is not None:
            raise self.error.with_traceback(None)
        return cast("V", self.value)


def run_work(work: Callable[[], V]) -> Outcome[V]:
    """Do a piece of work."""
    try:
        return Outcome(work(), None)
    except LamplighterError as error:
        error.__context__ = error.__cause__ = None
        return Outcome(None, error.with_traceback(None))


class Precomputed(Generic[V]):
    """A function of texts whose results may be had ahead."""

    def __init__(self, work: Callable[..., V]) -> None:
        self._work = work
        self._outcome: Callable[..., Outcome[V]] = lru_cache(KEPT)(lambda *given: run_work(lambda: work(*given)))

    def __call__(self, *given: Hashable) -> V:
        """The result; what was done ahead is not done again."""
        if not _is_large(given):
            return self._work(*given)
        return self._outcome(*given).get()

    def work_for(self, *given: Hashable) -> Callable[[], object] | None:
        """What is to be done in a thread before the turn; None where it is done as quickly in the turn."""
        return (lambda: self._outcome(*given)) if _is_large(given) else None


def combine(*works: Callable[[], object] | None) -> Callable[[], object] | None:
    """Several pieces of work as one; None where there is none."""
    found = [work for work in works if work is not None]
    return (lambda: [work() for work in found]) if found else None


def _is_large(given: tuple[Hashable, ...]) -> bool:
    return any(isinstance(each, str) and len(each) > LARGE for each in given)
