"""Show the last runs of a job in a strip of bars, with the success rate and the typical duration.

Guarantees that more than the colour shows a run's status: the bar's title states it. The bar's height shows the
duration.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.runs.history.durations import format_duration
from lamplighter.runs.jobs.success_rate import median_seconds, success_rate
from lamplighter.runs.run import is_late, run_seconds, status_words

BAR_WIDTH, BAR_GAP, STRIP_HEIGHT, MIN_BAR_HEIGHT = 7, 3, 24, 5
"""The width of a bar, the gap between bars, the height of the strip and the least height of a bar, in pixels."""


@dataclass(frozen=True, slots=True)
class RunBar:
    """The bar of one run."""

    arn: str
    status: str
    title: str
    x: int
    y: int
    height: int
    is_late: bool


@dataclass(frozen=True, slots=True)
class RunStrip:
    """The bars of the last runs, with the latest on the right."""

    bars: Sequence[RunBar]
    success_rate: float | None
    """The success rate of the ended runs, from 0 to 1, without skipped ones. None if no run has ended."""
    median_seconds: float | None
    """The median duration of the succeeded runs in seconds."""

    @property
    def width(self) -> int:
        """The width of the strip in pixels."""
        return max(0, len(self.bars) * (BAR_WIDTH + BAR_GAP) - BAR_GAP)


def build_run_strip(executions: Sequence[Json], now: float, late: int | None = None) -> RunStrip:
    """Build the strip from ListExecutions, newest run first; `now` is in seconds since the epoch, and a run is late
    after `late` seconds.
    """
    took = [run_seconds(each, now) for each in executions]
    longest = max((each for each in took if each is not None), default=0) or 1
    shown = [
        _make_bar(at, each, seconds, longest, late)
        for at, (each, seconds) in enumerate(reversed(list(zip(executions, took, strict=True))))
    ]
    return RunStrip(shown, success_rate(executions), median_seconds(executions, took))


def _make_bar(at: int, execution: Json, seconds: float | None, longest: float, late: int | None) -> RunBar:
    height = MIN_BAR_HEIGHT + round((STRIP_HEIGHT - MIN_BAR_HEIGHT) * min(1.0, (seconds or 0) / longest))
    status = execution["status"]
    was_late = is_late(seconds, late)
    words = f"{status_words(status)}, {format_duration(seconds)}{', late' if was_late else ''}"
    title = f"{execution['name']}: {words}"
    x = at * (BAR_WIDTH + BAR_GAP)
    return RunBar(execution["executionArn"], status, title, x, STRIP_HEIGHT - height, height, was_late)
