"""The attempts of a run as a timeline: bars on one scale, and the waits between attempts.

Promises geometry and words only; `templates/timeline.html` draws it. What is instant (Pass, Choice) has no row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lamplighter.base.jsontext import Json
from lamplighter.console.lengths import length
from lamplighter.console.standing import status
from lamplighter.jobs.story import Attempt, Story, Visit
from lamplighter.jobs.waits import pause

WIDTH = 1000
"""Of the whole time, in the units of the drawing."""
PAGE = 100
"""Rows."""
LEAST, STEP = 4, 2000
TICKS = 5
OUTCOMES = {
    "running": "RUNNING", "succeeded": "SUCCEEDED", "failed": "FAILED", "timed out": "TIMED_OUT", "aborted": "ABORTED",
}  # fmt: skip
LASTING = ("Wait", "Map", "Parallel")


@dataclass(frozen=True, slots=True)
class Row:
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
class Pausing:
    """What is being waited for now: another attempt."""

    state: str
    due: float
    """Seconds since the epoch."""
    at_most: bool
    """It may be sooner."""


@dataclass(frozen=True, slots=True)
class Chart:
    """The timeline."""

    rows: Sequence[Row]
    ticks: Sequence[tuple[float, str]]
    following: int | None
    """The number of the event after which the next page begins."""
    pause: Pausing | None


@dataclass(frozen=True, slots=True)
class _Scale:
    began: int
    span: int

    def x(self, time: int) -> float:
        return round(WIDTH * min(1.0, max(0.0, (time - self.began) / self.span)), 2)


def chart(story: Story, definition: Json, now: int, after: int = 0) -> Chart:
    """The rows after an event; `now` in milliseconds since the epoch."""
    now -= now % STEP  # so that a timeline is not another one at each look
    began = story.began if story.began is not None else now
    scale = _Scale(began, max(1, (story.ended or now) - began))
    found = sorted(_rows(story, scale, story.ended or now), key=lambda row: row.event)
    page = [row for row in found if row.event > after]
    following = page[PAGE - 1].event if len(page) > PAGE else None
    return Chart(page[:PAGE], _ticks(scale), following, _pausing(story, definition))


def _rows(story: Story, scale: _Scale, until: int) -> Iterator[Row]:
    for visit in story.visits:
        before: Attempt | None = None
        for at in visit.attempts:
            yield _attempt(story.attempts[at], before, scale, until)
            before = story.attempts[at]
        if not visit.attempts and visit.kind in LASTING:
            yield _stay(story, visit, scale, until)


def _attempt(attempt: Attempt, before: Attempt | None, scale: _Scale, until: int) -> Row:
    ended = until if attempt.ended is None else attempt.ended
    waited = before is not None and before.ended is not None
    since = before.ended if before is not None and before.ended is not None else attempt.began
    x, gap = scale.x(attempt.began), scale.x(since)
    return Row(
        attempt.event,
        attempt.state,
        f"{attempt.state} #{attempt.number}",
        " › ".join(attempt.path),
        attempt.resource,
        OUTCOMES[attempt.outcome],
        (ended - attempt.began) / 1000,
        x,
        max(LEAST, scale.x(ended) - x),
        gap if waited else None,
        max(0.0, x - gap),
        length((attempt.began - since) / 1000) if waited else "",
        sorted(attempt.exits.items()),
        ": ".join(filter(None, (attempt.error, attempt.reason))),
        attempt.task,
    )


def _stay(story: Story, visit: Visit, scale: _Scale, until: int) -> Row:
    ended = until if visit.left is None else visit.left
    x = scale.x(visit.entered)
    return Row(
        visit.event,
        visit.state,
        visit.state,
        " › ".join(visit.path),
        visit.kind,
        status(story, visit),
        (ended - visit.entered) / 1000,
        x,
        max(LEAST, scale.x(ended) - x),
        None,
        0.0,
        "",
        (),
        "",
        None,
    )


def _ticks(scale: _Scale) -> Sequence[tuple[float, str]]:
    return [(WIDTH * at / TICKS, length(scale.span * at / TICKS / 1000)) for at in range(TICKS)]


def _pausing(story: Story, definition: Json) -> Pausing | None:
    """When the next attempt begins, if one is being waited for."""
    if story.outcome != "running":
        return None
    for visit in reversed(story.visits):
        tries = [story.attempts[at] for at in visit.attempts]
        if visit.left is None and tries and tries[-1].failed and tries[-1].ended is not None:
            found = pause(definition, visit.state, [each.error or "" for each in tries])
            if found is not None:
                return Pausing(visit.state, tries[-1].ended / 1000 + found.seconds, found.at_most)
    return None
