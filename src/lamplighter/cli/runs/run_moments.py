"""Describe what happens in a run, one sentence per moment, for a user who follows it.

Guarantees that a moment keeps its key, so that it is printed once although the story is read repeatedly.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lamplighter.asl.definition.retrier import MAX_SECONDS
from lamplighter.base.json_text import Json
from lamplighter.cli.runs import result_text
from lamplighter.cli.runs.attempt_labels import AttemptLabels, labels_for
from lamplighter.cli.runs.formatting import format_milliseconds
from lamplighter.cli.runs.skipped_runs import SKIP_REASON
from lamplighter.jobs.file.values import format_duration
from lamplighter.runs.retry_delay import retry_delay
from lamplighter.runs.story import Attempt, Story, Visit

PAUSE_VARIABLE = "pause"
"""The variable in which a job's state machine stores the seconds of its next wait."""


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
    found = [
        *(Moment(("redriven", at), time, "redriven") for at, time in enumerate(story.redriven)),
        *(moment for each in story.attempts for moment in _attempt_moments(each, labels)),
        *(moment for each in story.visits for moment in _visit_moments(story, each, definition, labels)),
    ]
    return sorted(found, key=lambda each: each.time)


def _attempt_moments(attempt: Attempt, labels: AttemptLabels) -> Iterator[Moment]:
    title = labels.title(attempt)
    if labels.hides_work(attempt) and not attempt.failed:
        return
    yield Moment(("began", attempt.event), attempt.began, f"{title} started")
    if attempt.ended is not None:
        after = "" if attempt.outcome == "timed out" else f", after {format_milliseconds(attempt.duration or 0)}"
        text = f"{title} {result_text.attempt_result_text(attempt)}{after}"
        yield Moment(("ended", attempt.event), attempt.ended, text, attempt.outcome)


def _visit_moments(story: Story, visit: Visit, definition: Json, labels: AttemptLabels) -> Iterator[Moment]:
    for each in story.retries(visit):
        failed = each.failed
        assert failed.ended is not None
        text = f"waits {retry_wait_text(definition, story, visit, failed)}before attempt {failed.number + 1}"
        yield Moment(("waits", failed.event), failed.ended, text, "running")
    if visit.kind == "Wait":
        seconds = wait_seconds(story, visit)
        number = awaited_attempt(story, visit)
        what = f"in {' '.join([*visit.path, visit.state])}" if number is None else f"before attempt {number}"
        text = f"waits {what}" if seconds is None else f"waits {format_duration(seconds)} {what}"
        yield Moment(("waits", visit.event), visit.entered, text, "running")
    if labels.is_skipped(visit):
        yield Moment(("skipped", visit.event), visit.entered, f"skipped: {SKIP_REASON}", "aborted")
    if story.caught(visit) and visit.follower is not None and not labels.hides(visit.follower):
        assert visit.left is not None
        yield Moment(("caught", visit.event), visit.left, f"caught: continues with {visit.follower}")


def retry_wait_text(definition: Json, story: Story, visit: Visit, failed: Attempt) -> str:
    """Return how long Step Functions waits after a failure, in words that end with a space; empty if not known."""
    attempts = [story.attempts[at] for at in visit.attempts]
    found = retry_delay(definition, visit.state, [each.error or "" for each in attempts[: attempts.index(failed) + 1]])
    if found is None:
        return ""
    return ("at most " if found.has_jitter else "") + f"{format_duration(round(found.seconds))} "


def wait_seconds(story: Story, visit: Visit) -> int | None:
    """Return the seconds of a Wait state of a job, which the state before assigned to a variable; None for others."""
    found = None if visit.previous is None else story.visits[visit.previous].assigned.get(PAUSE_VARIABLE)
    # A user's state machine can have a variable of the same name, with any value.
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= MAX_SECONDS:
        return None
    return int(found)


def awaited_attempt(story: Story, visit: Visit) -> int | None:
    """Return the number of the attempt that follows a Wait state of a job, or None."""
    if wait_seconds(story, visit) is None:
        return None
    at = visit.previous
    while at is not None and not story.visits[at].attempts:
        at = story.visits[at].previous
    last = None if at is None else story.attempts[story.visits[at].attempts[-1]]
    return last.number + 1 if last is not None and last.failed else None
