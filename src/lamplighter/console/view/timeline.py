"""The attempts of a run as a timeline: bars on one scale, and the waits between attempts.

Promises geometry and words only; `templates/timeline.html` draws it. What is instant (Pass, Choice) has no row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.console.view import failure_reason
from lamplighter.console.view.durations import format_duration
from lamplighter.console.view.state_status import visit_status
from lamplighter.runs.job_machine import is_made_from_job_file
from lamplighter.runs.retry_delay import retry_delay
from lamplighter.runs.story import Attempt, Gap, Story, Visit

WIDTH = 1000
"""Of the whole time, in the units of the drawing."""
PAGE = 100
"""Rows."""
LEAST, STEP = 4, 2000
TICKS, SHORT = 5, 1000
"""Ticks of the scale, and the milliseconds below which they are told in those."""
OUTCOMES = {
    "running": "RUNNING", "succeeded": "SUCCEEDED", "failed": "FAILED", "timed out": "TIMED_OUT", "aborted": "ABORTED",
}  # fmt: skip
LASTING = ("Wait", "Map", "Parallel")


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One attempt, or one stay in a state that takes time."""

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
    """The wait before it."""
    wait: str
    exits: Sequence[tuple[str, int]]
    reason: str
    task: str | None


@dataclass(frozen=True, slots=True)
class RedriveMark:
    """Where the run had ended, and went on later: that time has no room on the scale."""

    event: int
    x: float
    after: str
    """How much later."""


@dataclass(frozen=True, slots=True)
class PendingRetry:
    """What is being waited for now: another attempt."""

    state: str
    due: float
    """Seconds since the epoch."""
    at_most: bool
    """It may be sooner."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The timeline."""

    rows: Sequence[TimelineRow]
    redrives: Sequence[RedriveMark]
    ticks: Sequence[tuple[float, str]]
    following: int | None
    """The number of the event after which the next page begins."""
    pause: PendingRetry | None


@dataclass(frozen=True, slots=True)
class _Scale:
    story: Story
    began: int
    span: int

    def x(self, time: int) -> float:
        return round(WIDTH * min(1.0, max(0.0, self.story.running_time(self.began, time) / self.span)), 2)


@dataclass(frozen=True, slots=True)
class _RowContext:
    """What rows are made of."""

    story: Story
    deadline: int | None
    broken: frozenset[int]
    scale: _Scale
    until: int
    """Where what goes on ends for now."""
    ours: bool
    """Whether a job file made the machine."""


def build_timeline(
    story: Story, definition: Json, now: int, after: int = 0, broken: frozenset[int] = frozenset()
) -> Timeline:
    """The rows after an event; `now` in milliseconds since the epoch, `broken` as `standing.broken` has it."""
    now -= now % STEP  # so that a timeline is not another one at each look
    began = story.began if story.began is not None else now
    scale = _Scale(story, began, max(1, story.running_time(began, story.ended or now)))
    told = _RowContext(
        story,
        failure_reason.run_deadline(definition),
        broken,
        scale,
        story.ended or now,
        is_made_from_job_file(definition),
    )
    found = sorted(_rows(told), key=lambda row: row.event)
    page = [row for row in found if row.event > after]
    following = page[PAGE - 1].event if len(page) > PAGE else None
    redrives = [_redrive(gap, scale) for gap in story.gaps]
    return Timeline(page[:PAGE], redrives, _ticks(scale), following, _pausing(story, definition))


def _redrive(gap: Gap, scale: _Scale) -> RedriveMark:
    return RedriveMark(gap.event, scale.x(gap.redriven), format_duration((gap.redriven - gap.ended) / 1000))


def _rows(told: _RowContext) -> Iterator[TimelineRow]:
    for visit in told.story.visits:
        before: Attempt | None = None
        for at in visit.attempts:
            attempt = told.story.attempts[at]
            yield _attempt(told, visit, attempt, before)
            before = attempt
        if not visit.attempts and visit.kind in LASTING:
            yield _stay(told, visit)


def _outcome(told: _RowContext, visit: Visit, attempt: Attempt) -> str:
    """How an attempt ended; what an supporting machine could not do, and the run went on all the same, is no
    failure.
    """
    caught = told.ours and attempt.supporting and attempt.failed and visit.left is not None
    return "CAUGHT" if caught else OUTCOMES[attempt.outcome]


def _attempt(told: _RowContext, visit: Visit, attempt: Attempt, before: Attempt | None) -> TimelineRow:
    scale, ended = told.scale, told.until if attempt.ended is None else attempt.ended
    since = before.ended if before is not None and before.ended is not None else attempt.began
    redriven = any(since <= gap.ended and gap.redriven <= attempt.began for gap in told.story.gaps)
    waited = before is not None and before.ended is not None and not redriven
    x, gap = scale.x(attempt.began), scale.x(since)
    return TimelineRow(
        attempt.event,
        attempt.state,
        f"{attempt.state} #{attempt.number}",
        " › ".join(attempt.path),
        attempt.resource,
        _outcome(told, visit, attempt),
        (ended - attempt.began if attempt.took is None else attempt.took) / 1000,
        x,
        max(LEAST, scale.x(ended) - x),
        gap if waited else None,
        max(0.0, x - gap),
        format_duration((attempt.began - since) / 1000) if waited else "",
        sorted(attempt.exits.items()),
        failure_reason.attempt_failure(told.story, attempt, told.deadline),
        attempt.task,
    )


def _stay(told: _RowContext, visit: Visit) -> TimelineRow:
    ended = told.until if visit.left is None else visit.left
    x = told.scale.x(visit.entered)
    return TimelineRow(
        visit.event,
        visit.state,
        visit.state,
        " › ".join(visit.path),
        visit.kind,
        visit_status(told.story, visit, told.broken),
        told.story.running_time(visit.entered, ended) / 1000,
        x,
        max(LEAST, told.scale.x(ended) - x),
        None,
        0.0,
        "",
        (),
        "",
        None,
    )


def _ticks(scale: _Scale) -> Sequence[tuple[float, str]]:
    def label(milliseconds: float) -> str:
        return format_duration(milliseconds / 1000) if scale.span >= SHORT else f"{milliseconds:.0f} ms"

    return [(WIDTH * at / TICKS, label(scale.span * at / TICKS)) for at in range(TICKS)]


def _pausing(story: Story, definition: Json) -> PendingRetry | None:
    """When the next attempt begins, if one is being waited for."""
    if story.outcome != "running":
        return None
    for visit in reversed(story.visits):
        tries = [story.attempts[at] for at in visit.attempts]
        if visit.left is None and tries and tries[-1].failed and tries[-1].ended is not None:
            found = retry_delay(definition, visit.state, [each.error or "" for each in tries])
            if found is not None:
                return PendingRetry(visit.state, tries[-1].ended / 1000 + found.seconds, found.at_most)
    return None
