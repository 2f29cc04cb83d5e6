"""Lay out the attempts of a run as a timeline: bars on one scale, and the waits between attempts.

Produces positions and words only; `templates/run_timeline.html` draws them. States without duration (Pass, Choice) have
no row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.console.view import failure_reason
from lamplighter.console.view.state_status import visit_status
from lamplighter.runs.durations import format_duration
from lamplighter.runs.job_machine import is_made_from_job_file
from lamplighter.runs.retry_delay import retry_delay
from lamplighter.runs.story import Attempt, Gap, Story, Visit

SCALE_WIDTH = 1000
"""The width of the whole time, in the units of the drawing."""
PAGE_SIZE = 100
"""The most rows on a page."""
MIN_BAR_WIDTH, STEP_MILLISECONDS = 4, 2000
TICK_COUNT, SHORT_SPAN_MILLISECONDS = 5, 1000
"""The ticks of the scale, and the span in milliseconds below which they are labelled in milliseconds."""
OUTCOME_STATUSES = {
    "running": "RUNNING", "succeeded": "SUCCEEDED", "failed": "FAILED", "timed out": "TIMED_OUT", "aborted": "ABORTED",
}  # fmt: skip
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
    seconds: float
    x: float
    width: float
    wait_x: float | None
    wait_width: float
    """`wait_x`, `wait_width` and `wait`: the position and the duration of the wait before the attempt."""
    wait: str
    exits: Sequence[tuple[str, int]]
    reason: str
    task: str | None


@dataclass(frozen=True, slots=True)
class RedriveMark:
    """The place where the run had ended and was redriven. The time in between takes no room on the scale."""

    event: int
    x: float
    after: str
    """The duration between the end and the redrive."""


@dataclass(frozen=True, slots=True)
class PendingRetry:
    """The retry that the run is waiting for."""

    state: str
    due: float
    """When the retry is due, in seconds since the epoch."""
    at_most: bool
    """Whether the retry may begin sooner than `due`."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The rows and marks of one page of the timeline."""

    rows: Sequence[TimelineRow]
    redrives: Sequence[RedriveMark]
    ticks: Sequence[tuple[float, str]]
    next_after: int | None
    """The ID of the event after which the next page begins, or None if there is none."""
    pending_retry: PendingRetry | None


@dataclass(frozen=True, slots=True)
class _Scale:
    story: Story
    began: int
    span: int

    def x(self, time: int) -> float:
        return round(SCALE_WIDTH * min(1.0, max(0.0, self.story.running_time(self.began, time) / self.span)), 2)


@dataclass(frozen=True, slots=True)
class _RowContext:
    """The values that are common to all rows."""

    story: Story
    deadline: int | None
    caught: frozenset[int]
    scale: _Scale
    until: int
    """The time at which unfinished bars end: the end of the run, or now."""
    from_job_file: bool
    """Whether the machine was generated from a job file."""


def build_timeline(
    story: Story, definition: Json, now: int, after: int = 0, caught: frozenset[int] = frozenset()
) -> Timeline:
    """Build the rows after an event; `now` is in milliseconds since the epoch, `caught` is from `caught_exits`."""
    now -= now % STEP_MILLISECONDS  # rounded, so that the timeline does not change with every poll
    began = story.began if story.began is not None else now
    scale = _Scale(story, began, max(1, story.running_time(began, story.ended or now)))
    context = _RowContext(
        story,
        failure_reason.run_deadline(definition),
        caught,
        scale,
        story.ended or now,
        is_made_from_job_file(definition),
    )
    found = sorted(_rows(context), key=lambda row: row.event)
    page = [row for row in found if row.event > after]
    next_after = page[PAGE_SIZE - 1].event if len(page) > PAGE_SIZE else None
    redrives = [_make_redrive_mark(gap, scale) for gap in story.gaps]
    return Timeline(page[:PAGE_SIZE], redrives, _ticks(scale), next_after, _pending_retry(story, definition))


def _make_redrive_mark(gap: Gap, scale: _Scale) -> RedriveMark:
    return RedriveMark(gap.event, scale.x(gap.redriven), format_duration((gap.redriven - gap.ended) / 1000))


def _rows(context: _RowContext) -> Iterator[TimelineRow]:
    for visit in context.story.visits:
        before: Attempt | None = None
        for at in visit.attempts:
            attempt = context.story.attempts[at]
            yield _attempt_row(context, visit, attempt, before)
            before = attempt
        if not visit.attempts and visit.kind in TIMED_STATES:
            yield _visit_row(context, visit)


def _outcome(context: _RowContext, visit: Visit, attempt: Attempt) -> str:
    """Return the status of an attempt.

    A failed attempt of a helper state counts as caught if the run continued after it.
    """
    caught = context.from_job_file and attempt.supporting and attempt.failed and visit.left is not None
    return "CAUGHT" if caught else OUTCOME_STATUSES[attempt.outcome]


def _attempt_row(context: _RowContext, visit: Visit, attempt: Attempt, before: Attempt | None) -> TimelineRow:
    scale, ended = context.scale, context.until if attempt.ended is None else attempt.ended
    since = before.ended if before is not None and before.ended is not None else attempt.began
    redriven = any(since <= gap.ended and gap.redriven <= attempt.began for gap in context.story.gaps)
    waited = before is not None and before.ended is not None and not redriven
    x, gap = scale.x(attempt.began), scale.x(since)
    return TimelineRow(
        attempt.event,
        attempt.state,
        f"{attempt.state} #{attempt.number}",
        " › ".join(attempt.path),
        attempt.resource,
        _outcome(context, visit, attempt),
        (ended - attempt.began if attempt.duration is None else attempt.duration) / 1000,
        x,
        max(MIN_BAR_WIDTH, scale.x(ended) - x),
        gap if waited else None,
        max(0.0, x - gap),
        format_duration((attempt.began - since) / 1000) if waited else "",
        sorted(attempt.exits.items()),
        failure_reason.attempt_failure(context.story, attempt, context.deadline),
        attempt.task,
    )


def _visit_row(context: _RowContext, visit: Visit) -> TimelineRow:
    ended = context.until if visit.left is None else visit.left
    x = context.scale.x(visit.entered)
    return TimelineRow(
        visit.event,
        visit.state,
        visit.state,
        " › ".join(visit.path),
        visit.kind,
        visit_status(context.story, visit, context.caught),
        context.story.running_time(visit.entered, ended) / 1000,
        x,
        max(MIN_BAR_WIDTH, context.scale.x(ended) - x),
        None,
        0.0,
        "",
        (),
        "",
        None,
    )


def _ticks(scale: _Scale) -> Sequence[tuple[float, str]]:
    def label(milliseconds: float) -> str:
        return (
            format_duration(milliseconds / 1000) if scale.span >= SHORT_SPAN_MILLISECONDS else f"{milliseconds:.0f} ms"
        )

    return [(SCALE_WIDTH * at / TICK_COUNT, label(scale.span * at / TICK_COUNT)) for at in range(TICK_COUNT)]


def _pending_retry(story: Story, definition: Json) -> PendingRetry | None:
    """Return the retry that the run is waiting for, or None."""
    if story.outcome != "running":
        return None
    for visit in reversed(story.visits):
        attempts = [story.attempts[at] for at in visit.attempts]
        if visit.left is None and attempts and attempts[-1].failed and attempts[-1].ended is not None:
            found = retry_delay(definition, visit.state, [each.error or "" for each in attempts])
            if found is not None:
                return PendingRetry(visit.state, attempts[-1].ended / 1000 + found.seconds, found.has_jitter)
    return None
