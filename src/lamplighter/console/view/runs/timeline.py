"""Lay out the attempts of a run as a timeline: bars on one scale, and the waits between attempts.

Produces positions and words only; `templates/run_timeline.html` draws them. States without duration (Pass, Choice) have
no row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.runs.failures.failure_words import attempt_failure, failed_containers, run_deadline
from lamplighter.runs.history.durations import format_duration
from lamplighter.runs.history.state_status import attempt_status, visit_status
from lamplighter.runs.history.story import Attempt, Story, Visit
from lamplighter.runs.history.waits import Wait, WaitLength, pending_retry, waits_of_visit
from lamplighter.runs.jobs.job_machine import is_made_from_job_file
from lamplighter.runs.run import WAITING

SCALE_WIDTH = 1000
"""The width of the whole time, in the units of the drawing."""
PAGE_SIZE = 100
"""The most rows on a page."""
SHOWN_WAIT_MILLISECONDS = 1000
"""The least time for which an attempt waited that is named."""
MIN_BAR_WIDTH, STEP_MILLISECONDS = 4, 2000
TICK_COUNT, SHORT_SPAN_MILLISECONDS = 5, 1000
"""The ticks of the scale, and the span in milliseconds below which they are labelled in milliseconds."""
TIMED_STATES = ("Wait", "Map", "Parallel")


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One attempt, or one visit of a state that takes time."""

    event: int
    state: str
    label: str
    path: str
    what: str
    status: str
    seconds: float | None
    """None if it only waits."""
    x: float
    width: float
    wait_x: float | None = None
    wait_width: float = 0.0
    """`wait_x`, `wait_width` and `wait`: the position and the duration of the wait before the attempt."""
    wait: str = ""
    waited_width: float = 0.0
    """`waited_width` and `waited`: for how long the attempt waited for its start, which ends at `x`."""
    waited: str = ""
    exits: Sequence[tuple[str, int, bool]] = ()
    """For each container: its name, its exit code, and whether that is the failure of the attempt."""
    reason: str = ""
    task: str | None = None


@dataclass(frozen=True, slots=True)
class RedriveMark:
    """The place where the run had ended and was redriven. The time in between takes no room on the scale."""

    event: int
    x: float
    after: str
    """The duration between the end and the redrive."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The rows and marks of one page of the timeline."""

    rows: Sequence[TimelineRow]
    redrives: Sequence[RedriveMark]
    ticks: Sequence[tuple[float, str]]
    next_after: int | None
    """The ID of the event after which the next page begins, or None if there is none."""
    pending_retry: tuple[Wait, WaitLength] | None
    """The wait before a retry in which the run is now."""


@dataclass(frozen=True, slots=True)
class _Drawing:
    """The values that are common to all rows: the run, and the scale."""

    story: Story
    began: int
    span: int
    until: int
    """The time at which unfinished bars end: the end of the run, or now."""
    deadline: int | None
    from_job_file: bool
    """Whether the machine was generated from a job file."""
    waits: bool
    """Whether all that the run does is to wait."""

    def x(self, time: int) -> float:
        return round(SCALE_WIDTH * min(1.0, max(0.0, self.story.running_time(self.began, time) / self.span)), 2)


def build_timeline(story: Story, definition: Json, now: int, after: int = 0, *, waits: bool = False) -> Timeline:
    """Build the rows after an event; `now` is in milliseconds since the epoch. `waits`: the run only waits."""
    now -= now % STEP_MILLISECONDS  # rounded, so that the timeline does not change with every poll
    began, until = story.began if story.began is not None else now, story.ended or now
    span = max(TICK_COUNT, story.running_time(began, until))  # a millisecond a tick: each has a label of its own
    from_job_file = is_made_from_job_file(definition)
    drawing = _Drawing(story, began, span, until, run_deadline(definition), from_job_file, waits)
    found = sorted(_rows(drawing), key=lambda row: row.event)
    page = [row for row in found if row.event > after]
    next_after = page[PAGE_SIZE - 1].event if len(page) > PAGE_SIZE else None
    redrives = [
        RedriveMark(gap.event, drawing.x(gap.redriven), format_duration((gap.redriven - gap.ended) / 1000))
        for gap in story.gaps
    ]
    return Timeline(page[:PAGE_SIZE], redrives, _ticks(span), next_after, pending_retry(story, definition))


def _rows(drawing: _Drawing) -> Iterator[TimelineRow]:
    for visit in drawing.story.visits:
        waits = {wait.event: wait for wait in waits_of_visit(drawing.story, visit)}
        before: Attempt | None = None
        for attempt in drawing.story.attempts_of(visit):
            yield _attempt_row(drawing, visit, attempt, None if before is None else waits.get(before.event))
            before = attempt
        if not visit.attempts and visit.kind in TIMED_STATES:
            yield _visit_row(drawing, visit)


def _attempt_row(drawing: _Drawing, visit: Visit, attempt: Attempt, wait: Wait | None) -> TimelineRow:
    ended = drawing.until if attempt.ended is None else attempt.ended
    waits = drawing.waits and attempt.ended is None
    started = ended if waits else min(ended, max(attempt.began, attempt.containers_began or 0))
    length = attempt.container_milliseconds
    blamed = failed_containers(attempt)
    x, wait_x = drawing.x(started), None if wait is None else drawing.x(wait.began)
    scheduled_x = drawing.x(attempt.began)
    return TimelineRow(
        attempt.event,
        attempt.state,
        f"{attempt.state} #{attempt.number}",
        " › ".join(attempt.path),
        attempt.resource,
        WAITING if waits else attempt_status(visit, attempt, from_job_file=drawing.from_job_file),
        None if waits else (ended - attempt.began if attempt.duration is None else attempt.duration) / 1000,
        x,
        0 if waits else max(MIN_BAR_WIDTH, drawing.x(ended if length is None else started + length) - x),
        wait_x,
        0.0 if wait_x is None else max(0.0, scheduled_x - wait_x),
        "" if wait is None else format_duration((attempt.began - wait.began) / 1000),
        max(0.0, x - scheduled_x),
        format_duration((started - attempt.began) / 1000) if started - attempt.began >= SHOWN_WAIT_MILLISECONDS else "",
        [(name, code, name in blamed) for name, code in sorted(attempt.exits.items())],
        attempt_failure(drawing.story, attempt, drawing.deadline),
        attempt.task,
    )


def _visit_row(drawing: _Drawing, visit: Visit) -> TimelineRow:
    ended = drawing.until if visit.left is None else visit.left
    x = drawing.x(visit.entered)
    return TimelineRow(
        visit.event,
        visit.state,
        visit.state,
        " › ".join(visit.path),
        visit.kind,
        visit_status(drawing.story, visit),
        drawing.story.running_time(visit.entered, ended) / 1000,
        x,
        max(MIN_BAR_WIDTH, drawing.x(ended) - x),
    )


def _ticks(span: int) -> Sequence[tuple[float, str]]:
    def label(milliseconds: float) -> str:
        return format_duration(milliseconds / 1000) if span >= SHORT_SPAN_MILLISECONDS else f"{milliseconds:.0f} ms"

    return [(SCALE_WIDTH * at / TICK_COUNT, label(span * at / TICK_COUNT)) for at in range(TICK_COUNT)]
