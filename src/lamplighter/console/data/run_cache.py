"""What a console remembers of runs that are over, so that AWS is asked for each once.

Promises to forget the oldest where there is too much of it; what is forgotten is asked for again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

MOST = 50_000
"""Runs: some ten megabytes."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunCache(Generic[T]):
    """Something that is known of runs, by their ARNs or the like."""

    most: int = MOST
    _known: dict[str, T] = field(default_factory=dict)

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def get(self, key: str) -> T | None:
        """What is known; None where nothing is."""
        return self._known.get(key)

    def put(self, news: Mapping[str, T]) -> None:
        """Remember."""
        self._known.update(news)
        while len(self._known) > self.most:
            del self._known[next(iter(self._known))]
