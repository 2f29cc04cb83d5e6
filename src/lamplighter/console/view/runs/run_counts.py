"""Count how the runs of some days ended, and in words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamplighter.runs.jobs.skipped_runs import SKIPPED
from lamplighter.runs.run import END_WORDS, is_running


@dataclass(frozen=True, slots=True)
class RunCounts:
    """How many runs there were, and how they ended."""

    total: int
    success_rate: float | None
    """The share of the ended runs that succeeded, without skipped ones; None if no run has ended."""
    parts: Sequence[tuple[str, int, str]]
    """The status, the number and the words of each kind of end that occurred."""
    complete: bool
    """Whether all runs of the days are counted, and not only the last ones."""


def count_runs(counts: Mapping[str, int], *, complete: bool) -> RunCounts:
    """Count runs from their numbers by status."""
    words = {**END_WORDS, SKIPPED: "skipped"}
    ended = sum(number for status, number in counts.items() if status != SKIPPED and not is_running(status))
    return RunCounts(
        sum(counts.values()),
        counts.get("SUCCEEDED", 0) / ended if ended else None,
        [(status, counts[status], word) for status, word in words.items() if counts.get(status)],
        complete,
    )
