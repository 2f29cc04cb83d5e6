"""Show the last runs of a job in a strip of bars, with the success rate and the typical duration.

Guarantees that more than the colour shows a run's status: the bar's title states it. The bar's height shows the
duration.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from lamplighter.base.json_text import Json
from lamplighter.console.view.run_seconds import run_seconds
from lamplighter.runs.durations import format_duration

WIDTH, GAP, HEIGHT, LEAST = 7, 3, 24, 5
"""The width of a bar, the gap between bars, the height of the strip and the least height of a bar, in pixels."""
GOOD, RUNNING = "SUCCEEDED", "RUNNING"
SKIPPED = "SKIPPED"
"""The status that `skipped_runs.mark_skipped` assigns. Skipped runs count neither as success nor as failure."""


@dataclass(frozen=True, slots=True)
class RunMark:
    """The bar of one run."""

    arn: str
    status: str
    title: str
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class RunStrip:
    """The bars of the last runs, with the latest on the right."""

    marks: Sequence[RunMark]
    rate: float | None
    """The success rate of the ended runs, from 0 to 1, without skipped ones. None if no run has ended."""
    typical: float | None
    """The median duration of the succeeded runs in seconds."""

    @property
    def width(self) -> int:
        """The width of the strip in pixels."""
        return max(0, len(self.marks) * (WIDTH + GAP) - GAP)


def run_strip(executions: Sequence[Json], now: float) -> RunStrip:
    """Build the strip from ListExecutions, newest run first; `now` is in seconds since the epoch."""
    took = [run_seconds(each, now) for each in executions]
    longest = max((each for each in took if each is not None), default=0) or 1
    shown = [
        _mark(at, each, seconds, longest)
        for at, (each, seconds) in enumerate(reversed(list(zip(executions, took, strict=True))))
    ]
    ended = [each for each in executions if each["status"] not in (RUNNING, SKIPPED)]
    good = [seconds for each, seconds in zip(executions, took, strict=True) if each["status"] == GOOD]
    known = [seconds for seconds in good if seconds is not None]
    return RunStrip(shown, len(good) / len(ended) if ended else None, median(known) if known else None)


def _mark(at: int, execution: Json, seconds: float | None, longest: float) -> RunMark:
    height = LEAST + round((HEIGHT - LEAST) * min(1.0, (seconds or 0) / longest))
    status = execution["status"]
    title = f"{execution['name']}: {status.lower().replace('_', ' ')}, {format_duration(seconds)}"
    x = at * (WIDTH + GAP)
    return RunMark(execution["executionArn"], status, title, x, HEIGHT - height, height)
