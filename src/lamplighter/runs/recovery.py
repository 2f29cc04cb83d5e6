"""Decide whether a run that succeeded ended a series of failures of its job. Pure.

Guarantees that each series of failures ends once, however runs overlap: runs are taken in the order in which they
ended, and of two that ended in the same millisecond, the one with the smaller ARN comes first. A run that a person
stopped, or that was skipped because another was running, is neither a success nor a failure. A run that failed again
when it was run again is one failure (`repetition.py`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lamplighter.base.count_text import format_count
from lamplighter.base.json_text import Json
from lamplighter.runs.failures.repetition import first_name
from lamplighter.runs.history.story import to_milliseconds
from lamplighter.runs.local_times import format_local_time
from lamplighter.runs.run import FAILED_STATUSES

SUCCEEDED = "SUCCEEDED"


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that ended, as ListExecutions lists it."""

    ended: int
    """Milliseconds since the epoch."""
    arn: str
    status: str
    began: int
    redriven: bool


@dataclass(frozen=True, slots=True)
class Failures:
    """The failures before a run that succeeded."""

    firsts: frozenset[str] = frozenset()
    """What each failed run and its repetitions have in common."""
    missed: int = 0
    """The number of scheduled times at which no run started; those are not in `firsts`."""
    since: int | None = None
    """When the first failed run began, or the first scheduled time without a run; milliseconds since the epoch."""
    last_success: int = 0
    """When the last success before ended, or 0."""


def to_ended_run(listed: Json) -> EndedRun:
    """Convert a run of ListExecutions that has ended."""
    return EndedRun(
        to_milliseconds(listed["stopDate"]),
        listed["executionArn"],
        listed["status"],
        to_milliseconds(listed["startDate"]),
        listed.get("redriveCount", 0) > 0,
    )


def failures_before(own: EndedRun, others: Iterable[EndedRun], is_skipped: Callable[[str], bool]) -> Failures:
    """Return what failed between the last success and a run that succeeded.

    A run that succeeded after a redrive had itself failed before. `is_skipped` tells whether a run (by its ARN) that
    succeeded was in fact skipped.
    """
    firsts, since = ({_first(own)}, own.began) if own.redriven else (set[str](), None)
    earlier = [each for each in others if (each.ended, each.arn) < (own.ended, own.arn) and each.arn != own.arn]
    for each in sorted(earlier, key=lambda run: (run.ended, run.arn), reverse=True):
        if each.status in FAILED_STATUSES:
            firsts.add(_first(each))
            since = each.began
        elif each.status == SUCCEEDED and not is_skipped(each.arn):
            return Failures(frozenset(firsts), 0, since, each.ended)
    return Failures(frozenset(firsts), 0, since)


def _first(run: EndedRun) -> str:
    return first_name(run.arn.rpartition(":")[2])


def recovery_words(failures: Failures, zone: str) -> str:
    """Return what a recovery alert says after the job's name."""
    failed = format_count(len(failures.firsts), "failure") if failures.firsts else ""
    missed = f"{format_count(failures.missed, 'time')} without a run" if failures.missed else ""
    since = "" if failures.since is None else format_local_time(failures.since, zone, seconds=False).partition(" (")[0]
    return f"works again: succeeded after {' and '.join(filter(None, (failed, missed)))} (since {since})"


def attempt_words(attempts: int) -> str:
    """Return what a recovery alert says of a run that succeeded after failed attempts, its own or a stopped run's."""
    return f"works again: succeeded in attempt {attempts}"


def late_words(length: str) -> str:
    """Return what a recovery alert says of a run that was late and succeeded."""
    return f"succeeded late: it took {length}"
