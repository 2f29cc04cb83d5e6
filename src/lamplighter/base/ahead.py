"""Work that is done ahead of the turn that needs it, in a thread, because a large text takes long.

Promises that nobody can tell but by the clock: in the turn the work is asked for as if it had never been done, and
comes out as it would have, an error included; only what is large is kept, and only a little of that. The work must be
pure: it depends on what it is given and on nothing that changes.
"""

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Generic, TypeVar

from lamplighter.base.errors import LamplighterError

LARGE = 32_768
"""Characters from which on a text is large: what is made of a smaller one takes a few milliseconds."""
KEPT = 8
"""How many results are kept between the thread and the turn."""

V = TypeVar("V")


class Ahead(Generic[V]):
    """A function of texts whose results may be had ahead."""

    def __init__(self, work: Callable[..., V]) -> None:
        self._work = work
        self._outcome = lru_cache(KEPT)(self._done)

    def __call__(self, *given: Hashable) -> V:
        """The result; what was done ahead is not done again."""
        if not _is_large(given):
            return self._work(*given)
        result, error = self._outcome(*given)
        if error is not None:
            raise error.with_traceback(None)
        assert result is not None
        return result[0]

    def begin(self, *given: Hashable) -> Callable[[], object] | None:
        """What is to be done in a thread before the turn; None where it is done as quickly in the turn."""
        return (lambda: self._outcome(*given)) if _is_large(given) else None

    def _done(self, *given: Hashable) -> tuple[tuple[V] | None, LamplighterError | None]:
        try:
            return (self._work(*given),), None
        except LamplighterError as error:
            return None, error


def together(*works: Callable[[], object] | None) -> Callable[[], object] | None:
    """Several pieces of work as one; None where there is none."""
    found = [work for work in works if work is not None]
    return (lambda: [work() for work in found]) if found else None


def _is_large(given: tuple[Hashable, ...]) -> bool:
    return any(isinstance(each, str) and len(each) > LARGE for each in given)
