"""Describe what happens in a run, one sentence per moment, for a user who follows it.

Guarantees that a moment keeps its key, so that it is printed once although the story is read repeatedly.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.cli.runs import result_text
from lamplighter.cli.runs.attempt_labels import AttemptLabels, labels_for
from lamplighter.cli.runs.formatting import format_milliseconds
from lamplighter.jobs.file.values import format_duration
from lamplighter.runs.history.story import Attempt, Story, Visit
from lamplighter.runs.history.waiting import WAITS_FOR_TURN, waits_for_turn
from lamplighter.runs.history.waits import Wait, planned_length, waits_of_visit
from lamplighter.runs.jobs.skipped_runs import SKIP_REASON


@dataclass(frozen=True, slots=True)
class Moment:
    """A thing that happened in a run."""

    key: tuple[str, int]
    time: int
    text: str
    status: str = ""
    """The status in whose colour the moment is printed."""


def run_moments(story: Story, definition: Json) -> list[Moment]:
    """Return all moments so far, ordered by time."""
    labels = labels_for(definition, story.redriven)
    turn = Moment(("waits for turn", 0), story.began or 0, WAITS_FOR_TURN, "running")
    found = [
        *([turn] if waits_for_turn(story) else []),
        *(Moment(("redriven", at), time, "redriven") for at, time in enumerate(story.redriven)),
        *(moment for each in story.attempts for moment in _attempt_moments(story, each, labels)),
        *(moment for each in story.visits for moment in _visit_moments(story, each, definition, labels)),
    ]
    return sorted(found, key=lambda each: each.time)


def _attempt_moments(story: Story, attempt: Attempt, labels: AttemptLabels) -> Iterator[Moment]:
    title = labels.title(attempt)
    if labels.hides_work(attempt) and not attempt.failed:
        return
    yield Moment(("began", attempt.event), attempt.began, f"{title} started")
    if attempt.ended is not None:
        after = "" if attempt.outcome == "timed out" else f", after {format_milliseconds(attempt.duration or 0)}"
        text = f"{title} {result_text.attempt_result_text(attempt, story)}{after}"
        yield Moment(("ended", attempt.event), attempt.ended, text, attempt.outcome)


def _visit_moments(story: Story, visit: Visit, definition: Json, labels: AttemptLabels) -> Iterator[Moment]:
    for wait in waits_of_visit(story, visit):
        what = (
            f"in {' '.join([*visit.path, visit.state])}" if wait.attempt is None else f"before attempt {wait.attempt}"
        )
        text = " ".join(filter(None, ("waits", planned_wait_text(story, wait, definition), what)))
        yield Moment(("waits", wait.event), wait.began, text, "running")
    if labels.is_skipped(visit):
        yield Moment(("skipped", visit.event), visit.entered, f"skipped: {SKIP_REASON}", "aborted")
    if story.caught(visit) and visit.follower is not None and not labels.hides(visit.follower):
        assert visit.left is not None
        yield Moment(("caught", visit.event), visit.left, f"caught: continues with {visit.follower}")


def planned_wait_text(story: Story, wait: Wait, definition: Json) -> str:
    """Return how long a wait lasts; empty if not known."""
    length = planned_length(story, wait, definition)
    return "" if length is None else ("at most " if length.has_jitter else "") + format_duration(round(length.seconds))
