"""The last runs of a job at a glance: a strip of marks, how many went well, how long one takes.

Promises that a mark tells its status by more than its colour: its height is how long the run took, and its title says
all of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from lamplighter.base.json_text import Json
from lamplighter.console.view.durations import format_duration, run_seconds

WIDTH, GAP, HEIGHT, LEAST = 7, 3, 24, 5
"""Of a mark and of the strip, in pixels."""
GOOD, RUNNING = "SUCCEEDED", "RUNNING"
SKIPPED = "SKIPPED"
"""What `skips.told` calls a run that made way for another: neither good nor bad, and no measure of anything."""


@dataclass(frozen=True, slots=True)
class RunMark:
    """One run."""

    arn: str
    status: str
    title: str
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class RunStrip:
    """The last runs, the latest at the right."""

    marks: Sequence[RunMark]
    rate: float | None
    """How many of those that have ended went well, of 1; those that were skipped do not count."""
    typical: float | None
    """The median of how long those that went well took, in seconds."""

    @property
    def width(self) -> int:
        """Of the strip, in pixels."""
        return max(0, len(self.marks) * (WIDTH + GAP) - GAP)


def run_strip(executions: Sequence[Json], now: float) -> RunStrip:
    """What ListExecutions tells, the latest first, as a strip; `now` in seconds since the epoch."""
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
