"""Cache facts about runs that have ended, so that each is read from AWS once.

Drops the oldest entries if there are too many; the pages read them again when needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

MAX_RUNS = 50_000
"""The most runs in a cache, about ten megabytes."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunCache(Generic[T]):
    """Facts about runs, by ARN or a similar key."""

    max_runs: int = MAX_RUNS
    _known: dict[str, T] = field(default_factory=dict)

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def get(self, key: str) -> T | None:
        """Return the cached value, or None."""
        return self._known.get(key)

    def put(self, values: Mapping[str, T]) -> None:
        """Add values and drop the oldest ones beyond the limit."""
        self._known.update(values)
        while len(self._known) > self.max_runs:
            del self._known[next(iter(self._known))]
