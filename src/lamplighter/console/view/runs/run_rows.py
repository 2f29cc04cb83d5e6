"""Describe the runs of a table: when, what started them, why they failed, and how long they took against the usual.

Pure: the caller passes the time and what is usual.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lamplighter.base.json_text import Json
from lamplighter.runs.failures.failure_words import run_words
from lamplighter.runs.failures.repetition import repeated_name
from lamplighter.runs.local_times import parse_iso_milliseconds
from lamplighter.runs.run import NO_LIMITS, RunLimits, is_late, run_seconds
from lamplighter.runs.run_trigger import BY_HAND, Trigger, read_trigger
from lamplighter.store.audit_log import Actor

SLOW_FACTOR, SLOW_SECONDS = 1.5, 5
"""A run is slow if it took longer than the usual by this factor and by so many seconds."""
MAX_ERROR_LENGTH = 160
"""The most characters of a cause that are shown."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run of a table."""

    run: Json
    """As ListExecutions returns it; its keys `name`, `status`, `startDate` and `redriveCount` are always known."""
    trigger: Trigger
    who: str
    """Who started it by hand, or the key of the program that did, if that is known."""
    slot: float | None
    """The slot for which it was started, in seconds since the epoch."""
    error: str
    failed_attempts: int | None
    """The number of attempts that failed, or None if it is unknown."""
    took: float | None
    slower: str
    """By which factor it took longer than the usual; empty if it did not."""
    is_late: bool
    repeats: str | None = None
    """The ARN of the run that it repeats, if that is in the list, too."""


def build_rows(
    runs: Sequence[Json],
    now: float,
    limits: RunLimits = NO_LIMITS,
    starters: Mapping[int, Actor] | None = None,
) -> Sequence[RunRow]:
    """Describe runs; `now` is in seconds since the epoch.

    `starters` are by the starts of runs (`start_milliseconds`).
    """
    rows = [_build_row(each, now, limits, (starters or {}).get(start_milliseconds(each))) for each in runs]
    known = {each["name"]: each["executionArn"] for each in runs}
    return [replace(each, repeats=known.get(repeated_name(each.run["name"]) or "")) for each in rows]


def start_milliseconds(run: Json) -> int:
    """Return when a run started, in milliseconds since the epoch."""
    return round(float(run["startDate"]) * 1000)


def _build_row(run: Json, now: float, limits: RunLimits, actor: Actor | None) -> RunRow:
    took, trigger = run_seconds(run, now), read_trigger(run.get("origin"))
    slot = parse_iso_milliseconds(run["scheduled"]) if run.get("scheduled") else None
    return RunRow(
        run,
        trigger,
        actor.words if actor is not None and trigger == BY_HAND else "",
        None if slot is None else slot / 1000,
        run_words(run["status"], run.get("error"), run.get("cause"), limits.deadline, MAX_ERROR_LENGTH),
        run.get("failedAttempts"),
        took,
        _slower(took, limits.usual),
        is_late(took, limits.late),
    )


def _slower(took: float | None, usual: float | None) -> str:
    if took is None or not usual or took < usual * SLOW_FACTOR or took < usual + SLOW_SECONDS:
        return ""
    return f"{took / usual:.0f}×" if took >= 10 * usual else f"{took / usual:.1f}×"
