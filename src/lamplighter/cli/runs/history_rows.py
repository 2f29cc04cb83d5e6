"""Convert a run's story to the rows of `lamplighter history`: attempts, waits, redrives, and optionally states.

Guarantees that the rows show what was attempted, how it ended, and what the run waited for.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from lamplighter.base.json_text import Json
from lamplighter.cli.runs import result_text
from lamplighter.cli.runs.attempt_labels import AttemptLabels, labels_for
from lamplighter.cli.runs.formatting import format_milliseconds, format_utc
from lamplighter.cli.runs.run_moments import awaited_attempt, retry_wait_text, wait_seconds
from lamplighter.cli.runs.skipped_runs import SKIP_REASON
from lamplighter.jobs.file.values import format_duration
from lamplighter.runs.story import Attempt, Gap, Story, Visit


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


def history_rows(story: Story, definition: Json, *, states: bool) -> list[HistoryRow]:
    """Return all rows ordered by time; with `states`, every state that the run entered has a row."""
    labels = labels_for(definition, story.redriven)
    shown_attempts = (each for each in story.attempts if states or each.failed or not labels.hides_work(each))
    found: list[HistoryRow] = [_attempt_row(each, labels) for each in shown_attempts]
    for visit in story.visits:
        found += _retry_rows(story, visit, definition)
        found += _visit_rows(story, visit, labels, states=states)
    found += map(_redrive_row, story.gaps)
    return sorted(found, key=lambda row: (row.time, row.order))


def _redrive_row(gap: Gap) -> HistoryRow:
    document = {"kind": "redrive", "time": format_utc(gap.redriven), "ended": format_utc(gap.ended)}
    after = f"{format_milliseconds(gap.redriven - gap.ended)} after it had ended"
    return HistoryRow(gap.redriven, 0, "redriven", None, after, "", document)


def _attempt_row(attempt: Attempt, labels: AttemptLabels) -> HistoryRow:
    what, result, document = (
        labels.title(attempt),
        result_text.attempt_result_text(attempt),
        result_text.attempt_json(attempt),
    )
    return HistoryRow(attempt.began, attempt.event, what, attempt.duration, result, attempt.outcome, document)


def _retry_rows(story: Story, visit: Visit, definition: Json) -> Iterator[HistoryRow]:
    for each in story.retries(visit):
        failed = each.failed
        assert failed.ended is not None
        until = None if each.follower is None else each.follower.began
        planned = retry_wait_text(definition, story, visit, failed).strip()
        yield _wait_row(failed.event, failed.ended, until, planned, failed.number + 1, visit.state)


def _wait_row(order: int, began: int, until: int | None, planned: str, number: int | None, state: str) -> HistoryRow:
    took = None if until is None else until - began
    result = f"waiting {planned}".strip() if until is None else ""
    what = f"wait in {state}" if number is None else f"wait before attempt {number}"
    document = {
        "kind": "wait",
        "state": state,
        "began": format_utc(began),
        "ended": format_utc(until),
        "seconds": None if took is None else took / 1000,
        "attempt": number,
    }
    return HistoryRow(began, order, what, took, result, "running" if until is None else "", document)


def _visit_rows(story: Story, visit: Visit, labels: AttemptLabels, *, states: bool) -> Iterator[HistoryRow]:
    if visit.kind == "Wait" and (not states or labels.hides(visit.state)):
        yield _wait_state_row(story, visit)
    elif states:
        yield _state_row(story, visit)
    elif labels.is_skipped(visit):
        yield replace(_state_row(story, visit), what="skipped", took=None, result=SKIP_REASON)
    if story.caught(visit) and visit.left is not None and visit.follower and not labels.hides(visit.follower):
        document = {"kind": "catch", "state": visit.state, "time": format_utc(visit.left), "next": visit.follower}
        yield HistoryRow(visit.left, visit.event, "caught", None, f"continues with {visit.follower}", "", document)


def _wait_state_row(story: Story, visit: Visit) -> HistoryRow:
    seconds = wait_seconds(story, visit)
    planned = "" if seconds is None else format_duration(seconds)
    return _wait_row(visit.event, visit.entered, visit.left, planned, awaited_attempt(story, visit), visit.state)


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
