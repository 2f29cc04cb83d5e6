"""What a console remembers of runs that are over, so that AWS is asked for each once.

Promises to forget the oldest where there is too much of it; what is forgotten is asked for again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

MOST = 50_000
"""Runs: some ten megabytes."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Runs by their ARNs, and whether they were skipped."""

    most: int = MOST
    _known: dict[str, bool] = field(default_factory=dict)

    def __contains__(self, arn: str) -> bool:
        return arn in self._known

    def get(self, arn: str) -> bool:
        """Whether a run is known to have been skipped."""
        return self._known.get(arn, False)

    def note(self, news: Mapping[str, bool]) -> None:
        """Remember."""
        self._known.update(news)
        while len(self._known) > self.most:
            del self._known[next(iter(self._known))]
