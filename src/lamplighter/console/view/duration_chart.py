"""Draw how long the last runs of a job took: a mark for each run over time, with the median, and what is late.

Guarantees that more than the colour shows how a run ended: each status has its own shape, and the title of each mark
says it. Runs that were skipped, that wait, or whose duration is unknown, have no mark. Pure.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.console.view.clock import Clock
from lamplighter.runs.history.durations import format_duration
from lamplighter.runs.jobs.skipped_runs import SKIPPED
from lamplighter.runs.jobs.success_rate import median_seconds
from lamplighter.runs.run import END_WORDS, NO_LIMITS, RunLimits, is_late, run_seconds, status_words

HEIGHT, MARGIN, SIDE = 120, 10, 1.5
"""The height of the drawing and the space above and below the marks in pixels; the space beside them in percent."""
MAX_LIMIT_FACTOR = 3
"""A limit that is longer than the longest run by more than this factor is named, but has no line."""
LOGARITHMIC_FACTOR = 10
"""If the longest run took longer than the median by more than this factor, the scale is logarithmic."""
LEAST_SECONDS = 0.1
"""Where a logarithmic scale begins, at the least."""
ROUND_SECONDS = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 4 * 3600, 8 * 3600),
    *(days * 86_400 for days in (0.5, 1, 2, 4, 7, 14, 30, 60, 120, 365)),
)
"""The durations that may stand beside the scale."""
_SQUARE = "M-3.5-3.5h7v7h-7z"
SHAPES: Mapping[str, str] = {
    "SUCCEEDED": "M-3,0a3,3 0 1 0 6,0a3,3 0 1 0 -6,0z",
    "RUNNING": "M-4,0a4,4 0 1 0 8,0a4,4 0 1 0 -8,0z",
    "FAILED": "M-4-4L4 4M-4 4L4-4",
    "TIMED_OUT": "M0-5L5 0L0 5L-5 0z",
    "ABORTED": _SQUARE,
}
"""The shape of a mark by the status of its run: a disc, a ring, a cross, a diamond, a square."""


@dataclass(frozen=True, slots=True)
class RunMark:
    """The mark of one run."""

    arn: str
    status: str
    title: str
    x: float
    """The distance from the left in percent of the drawing's width."""
    y: float
    """The distance from the top in pixels."""
    is_late: bool = False

    @property
    def shape(self) -> str:
        """The path of its shape."""
        return SHAPES.get(self.status, _SQUARE)


@dataclass(frozen=True, slots=True)
class Scale:
    """The durations at the bottom and at the top of the drawing, in seconds. It is linear if it begins at 0."""

    low: float
    top: float

    def height(self, seconds: float) -> float:
        """Return how far from the top a duration is, in pixels."""
        share = seconds / self.top
        if self.low:
            share = math.log(max(self.low, seconds) / self.low) / math.log(self.top / self.low)
        return round(HEIGHT - MARGIN - min(1.0, share) * (HEIGHT - 2 * MARGIN), 1)

    @property
    def labels(self) -> Sequence[tuple[float, str]]:
        """The heights of two or three durations, and their words."""
        found = [each for each in ROUND_SECONDS if self.low <= each <= self.top]
        chosen = found[:: max(1, math.ceil(len(found) / 3))] if self.low else [0, *found[-1:]]
        return [(self.height(each), format_duration(each)) for each in chosen]


@dataclass(frozen=True, slots=True)
class Line:
    """The median of the succeeded runs, or a limit."""

    name: str
    seconds: float
    y: float | None
    """The height of its line; None if it has none."""


@dataclass(frozen=True, slots=True)
class DurationChart:
    """The marks of the last runs, the latest on the right."""

    marks: Sequence[RunMark]
    first: float
    """When the first of the runs started, in seconds since the epoch; `last` is the last one."""
    last: float
    longest: float
    """The duration of the longest run in seconds."""
    lines: Sequence[Line]
    labels: Sequence[tuple[float, str]]
    """The heights and the words of the durations beside the scale."""
    text: str
    """What the chart shows, for people who do not see it."""

    @property
    def statuses(self) -> Sequence[str]:
        """The statuses of its runs, in the order of `SHAPES`."""
        found = {each.status for each in self.marks}
        return [each for each in SHAPES if each in found]


def build_chart(executions: Sequence[Json], clock: Clock, limits: RunLimits = NO_LIMITS) -> DurationChart | None:
    """Draw runs as ListExecutions returns them, newest first; None if there is nothing to draw.

    The clock has the time of the request.
    """
    timed = [(each, run_seconds(each, clock.now)) for each in reversed(executions) if each["status"] != SKIPPED]
    known = [(each, seconds) for each, seconds in timed if seconds is not None]
    if not known:
        return None
    runs, durations = [each for each, _ in known], [seconds for _, seconds in known]
    first, last = float(runs[0]["startDate"]), float(runs[-1]["startDate"])
    median = median_seconds(runs, durations)
    named = {"median": median, "late after": limits.late, "deadline": limits.deadline}
    lines = {name: each for name, each in named.items() if each is not None}
    scale = _make_scale(durations, median, lines.values())
    return DurationChart(
        [
            _make_mark(
                each, clock, seconds, _place(float(each["startDate"]), first, last), scale.height(seconds), limits.late
            )
            for each, seconds in known
        ],
        first,
        last,
        max(durations),
        [Line(name, each, scale.height(each) if each <= scale.top else None) for name, each in lines.items()],
        scale.labels,
        _describe(runs, durations, lines),
    )


def _place(start: float, first: float, last: float) -> float:
    """Return how far to the right a run is, in percent; a single run is in the middle."""
    share = (start - first) / (last - first) if last > first else 0.5
    return round(SIDE + share * (100 - 2 * SIDE), 2)


def _make_scale(durations: Sequence[float], median: float | None, lines: Iterable[float]) -> Scale:
    longest = max(durations) or 1
    top = max([longest, *(each for each in lines if each <= longest * MAX_LIMIT_FACTOR)])
    if median is None or longest <= LOGARITHMIC_FACTOR * max(median, LEAST_SECONDS):
        return Scale(0, top)
    return Scale(max(LEAST_SECONDS, min(durations)), top)


def _make_mark(run: Json, clock: Clock, seconds: float, x: float, y: float, late: int | None) -> RunMark:
    status = run["status"]
    times = run.get("redriveCount")
    redriven = f", redriven {times}×" if times else ""
    was_late = is_late(seconds, late)
    title = f"{clock.instant(float(run['startDate']))}: {status_words(status)}, {format_duration(seconds)}{redriven}"
    return RunMark(run["executionArn"], status, f"{title}, late" if was_late else title, x, y, was_late)


def _describe(runs: Sequence[Json], durations: Sequence[float], lines: Mapping[str, float]) -> str:
    statuses = [each["status"] for each in runs]
    counts = [f"{statuses.count(status)} {words}" for status, words in END_WORDS.items() if status in statuses]
    parts = [
        f"Durations of the last {len(runs)} runs: {', '.join(counts)}" if len(runs) > 1 else f"One run: {counts[0]}",
        f"from {format_duration(min(durations))} to {format_duration(max(durations))}",
        *(f"{name} {format_duration(seconds)}" for name, seconds in lines.items()),
    ]
    return "; ".join(parts)
