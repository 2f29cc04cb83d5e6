"""Draw how long the last runs of a job took: a mark for each run over time, with the median and the deadline.

Guarantees that more than the colour shows how a run ended: each status has its own shape, and the title of each mark
says it. Runs that were skipped, or whose duration is unknown, have no mark. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.console.view.clock import Clock
from lamplighter.runs.durations import format_duration
from lamplighter.runs.run import END_WORDS, run_seconds
from lamplighter.runs.skipped_runs import SKIPPED
from lamplighter.runs.success_rate import median_seconds

HEIGHT, MARGIN, SIDE = 120, 10, 1.5
"""The height of the drawing and the space above and below the marks in pixels; the space beside them in percent."""
MAX_DEADLINE_FACTOR = 3
"""A deadline that is longer than the longest run by more than this factor is named, but has no line."""
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

    @property
    def shape(self) -> str:
        """The path of its shape."""
        return SHAPES.get(self.status, _SQUARE)


@dataclass(frozen=True, slots=True)
class DurationChart:
    """The marks of the last runs, the latest on the right."""

    marks: Sequence[RunMark]
    first: float
    """When the first of the runs started, in seconds since the epoch; `last` is the last one."""
    last: float
    longest: float
    """The duration of the longest run in seconds."""
    median: float | None
    """The median of the succeeded runs in seconds; `median_y` is its height."""
    median_y: float | None
    deadline_y: float | None
    text: str
    """What the chart shows, for people who do not see it."""

    @property
    def statuses(self) -> Sequence[str]:
        """The statuses of its runs, in the order of `SHAPES`."""
        found = {each.status for each in self.marks}
        return [each for each in SHAPES if each in found]


def build_chart(executions: Sequence[Json], clock: Clock, deadline: int | None = None) -> DurationChart | None:
    """Draw runs as ListExecutions returns them, newest first; None if there is nothing to draw.

    `deadline` is in seconds. The clock has the time of the request.
    """
    timed = [(each, run_seconds(each, clock.now)) for each in reversed(executions) if each["status"] != SKIPPED]
    known = [(each, seconds) for each, seconds in timed if seconds is not None]
    if not known:
        return None
    runs, durations = [each for each, _ in known], [seconds for _, seconds in known]
    longest = max(durations) or 1
    shows_deadline = deadline is not None and deadline <= longest * MAX_DEADLINE_FACTOR
    top = max(longest, deadline or 0) if shows_deadline else longest
    first, last = float(runs[0]["startDate"]), float(runs[-1]["startDate"])
    median = median_seconds(runs, durations)
    return DurationChart(
        [
            _make_mark(each, clock, seconds, _place(float(each["startDate"]), first, last), _height(seconds, top))
            for each, seconds in known
        ],
        first,
        last,
        max(durations),
        median,
        None if median is None else _height(median, top),
        _height(deadline, top) if shows_deadline and deadline is not None else None,
        _describe(runs, durations, median, deadline),
    )


def _place(start: float, first: float, last: float) -> float:
    """Return how far to the right a run is, in percent; a single run is in the middle."""
    share = (start - first) / (last - first) if last > first else 0.5
    return round(SIDE + share * (100 - 2 * SIDE), 2)


def _height(seconds: float, top: float) -> float:
    return round(HEIGHT - MARGIN - min(1.0, seconds / top) * (HEIGHT - 2 * MARGIN), 1)


def _make_mark(run: Json, clock: Clock, seconds: float, x: float, y: float) -> RunMark:
    status = run["status"]
    times = run.get("redriveCount")
    redriven = f", redriven {times}×" if times else ""
    title = f"{clock.instant(float(run['startDate']))}: {_words(status)}, {format_duration(seconds)}{redriven}"
    return RunMark(run["executionArn"], status, title, x, y)


def _words(status: str) -> str:
    return END_WORDS.get(status, status.lower().replace("_", " "))


def _describe(runs: Sequence[Json], durations: Sequence[float], median: float | None, deadline: int | None) -> str:
    statuses = [each["status"] for each in runs]
    counts = [f"{statuses.count(status)} {words}" for status, words in END_WORDS.items() if status in statuses]
    parts = [
        f"Durations of the last {len(runs)} runs: {', '.join(counts)}" if len(runs) > 1 else f"One run: {counts[0]}",
        f"from {format_duration(min(durations))} to {format_duration(max(durations))}",
        f"median {format_duration(median)}" if median is not None else "",
        f"deadline {format_duration(deadline)}" if deadline is not None else "",
    ]
    return "; ".join(filter(None, parts))
