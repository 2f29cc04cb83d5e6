"""Convert a run's story to the rows of `lamplighter history`: attempts, waits, redrives, and optionally states.

Guarantees that the rows show what was attempted, how it ended, and what the run waited for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from lamplighter.base.json_text import Json
from lamplighter.cli.runs import result_text
from lamplighter.cli.runs.attempt_labels import AttemptLabels, labels_for
from lamplighter.cli.runs.formatting import format_milliseconds, format_utc
from lamplighter.cli.runs.run_moments import planned_wait_text
from lamplighter.runs.history.story import Attempt, Gap, Story, Visit
from lamplighter.runs.history.waits import Wait, waits_of_visit
from lamplighter.runs.jobs.skipped_runs import SKIP_REASON


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A row of a history."""

    time: int
    order: int
    """The position among the rows of the same millisecond."""
    what: str
    took: int | None
    """Milliseconds; None if the work is under way, or has no duration."""
    result: str
    status: str
    document: Json = field(compare=False)


def history_rows(story: Story, definition: Json, waiting: Mapping[int, str], *, states: bool) -> list[HistoryRow]:
    """Return all rows ordered by time; with `states`, every state that the run entered has a row.

    `waiting` has the reasons why tasks of running attempts have not started, by the events that scheduled them.
    """
    labels = labels_for(definition, story.redriven)
    shown_attempts = (each for each in story.attempts if states or each.failed or not labels.hides_work(each))
    found: list[HistoryRow] = [_attempt_row(story, each, labels, waiting.get(each.event)) for each in shown_attempts]
    for visit in story.visits:
        found += _visit_rows(story, visit, definition, labels, states=states)
    found += map(_redrive_row, story.gaps)
    return sorted(found, key=lambda row: (row.time, row.order))


def _redrive_row(gap: Gap) -> HistoryRow:
    document = {"kind": "redrive", "time": format_utc(gap.redriven), "ended": format_utc(gap.ended)}
    after = f"{format_milliseconds(gap.redriven - gap.ended)} after it had ended"
    return HistoryRow(gap.redriven, 0, "redriven", None, after, "", document)


def _attempt_row(story: Story, attempt: Attempt, labels: AttemptLabels, waiting: str | None) -> HistoryRow:
    title, result = labels.title(attempt), waiting or result_text.attempt_result_text(attempt, story)
    document = result_text.attempt_json(attempt)
    return HistoryRow(attempt.began, attempt.event, title, attempt.duration, result, attempt.outcome, document)


def _wait_row(story: Story, wait: Wait, definition: Json) -> HistoryRow:
    took = None if wait.ended is None else wait.ended - wait.began
    result = f"waiting {planned_wait_text(story, wait, definition)}".strip() if wait.ended is None else ""
    what = f"wait in {wait.visit.state}" if wait.attempt is None else f"wait before attempt {wait.attempt}"
    document = {
        "kind": "wait",
        "state": wait.visit.state,
        "began": format_utc(wait.began),
        "ended": format_utc(wait.ended),
        "seconds": None if took is None else took / 1000,
        "attempt": wait.attempt,
    }
    return HistoryRow(wait.began, wait.event, what, took, result, "running" if wait.ended is None else "", document)


def _visit_rows(
    story: Story, visit: Visit, definition: Json, labels: AttemptLabels, *, states: bool
) -> Iterator[HistoryRow]:
    shows_state = states and not (visit.kind == "Wait" and labels.hides(visit.state))
    waits = waits_of_visit(story, visit)
    yield from (_wait_row(story, each, definition) for each in waits if each.is_retry or not shows_state)
    if shows_state:
        yield _state_row(story, visit)
    elif labels.is_skipped(visit):
        yield replace(_state_row(story, visit), what="skipped", took=None, result=SKIP_REASON)
    if story.caught(visit) and visit.left is not None and visit.follower and not labels.hides(visit.follower):
        document = {"kind": "catch", "state": visit.state, "time": format_utc(visit.left), "next": visit.follower}
        yield HistoryRow(visit.left, visit.event, "caught", None, f"continues with {visit.follower}", "", document)


def _state_row(story: Story, visit: Visit) -> HistoryRow:
    took = None if visit.left is None else story.running_time(visit.entered, visit.left)
    what = " ".join([*visit.path, visit.state])
    document = {
        "kind": "state",
        "state": visit.state,
        "path": list(visit.path),
        "type": visit.kind,
        "began": format_utc(visit.entered),
        "ended": format_utc(visit.left),
        "next": visit.follower,
    }
    return HistoryRow(visit.entered, visit.event, what, took, visit.kind, "", document)
