"""Explain in words why a run or an attempt ended unsuccessfully, and find the attempt that caused the failure.

Guarantees that the text names the time limit that was exceeded, if the definition or the history contains it. An
attempt of the job itself is blamed before one of a helper state. Pure.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import Json
from lamplighter.runs.durations import format_limit
from lamplighter.runs.story import Attempt, Story

HEARTBEAT = "States.HeartbeatTimeout"
EXIT_CODE_MEANINGS: Mapping[int, str] = {
    126: "its command is not executable",
    127: "its command was not found",
    134: "it aborted (SIGABRT)",
    137: "it was killed (SIGKILL), possibly because memory ran out",
    139: "it crashed (SIGSEGV)",
    143: "it was terminated (SIGTERM)",
}
"""What exit codes mean to a shell and to the kernel; programs may use them differently."""


def run_deadline(definition: Json) -> int | None:
    """Return the deadline of a run in seconds, or None if it has none."""
    found = definition.get("TimeoutSeconds") if isinstance(definition, dict) else None
    return found if isinstance(found, int) else None


def run_failure(story: Story, deadline: int | None) -> str:
    """Return the words for a run that exceeded its deadline, else an empty string. `deadline` is the deadline."""
    if story.outcome != "timed out":
        return ""
    return _exceeded("deadline", deadline)


def attempt_failure(story: Story, attempt: Attempt, deadline: int | None) -> str:
    """Return an attempt's error and its explanation, or an empty string if there is nothing to explain."""
    return ": ".join(filter(None, (attempt.error, _reason(story, attempt, deadline))))


def _reason(story: Story, attempt: Attempt, deadline: int | None) -> str | None:
    if attempt.waits_for_worker and attempt.outcome in ("running", "timed out"):
        return "waits for a worker" if attempt.outcome == "running" else "no worker took it in time"
    if attempt.error == HEARTBEAT:
        return "sent no heartbeat in time"
    if attempt.outcome == "timed out":
        return _exceeded("timeout", attempt.timeout)
    if attempt.outcome == "aborted" and attempt.reason is None and attempt.ended == story.ended:
        return {"timed out": f"the run {_exceeded('deadline', deadline)}", "aborted": "the run was stopped"}.get(
            story.outcome
        )
    return attempt.reason


def _exceeded(limit: str, seconds: int | None) -> str:
    return f"took longer than its {limit}" + ("" if seconds is None else f" of {format_limit(seconds)}")


def blamed_attempt(story: Story, *, from_job_file: bool = True) -> Attempt | None:
    """Return the attempt that caused a run's failure, or None if there is none, or the run is running or succeeded.

    `from_job_file`: whether the machine was generated from a job file, which adds helper states.
    """
    if story.outcome in ("running", "succeeded"):
        return None
    recovered = {(each.state, each.path) for each in story.attempts if each.outcome == "succeeded"}
    own = [each for each in story.attempts if each.failed and not (from_job_file and each.supporting)]
    found = [each for each in own if (each.state, each.path) not in recovered] or _unfinished_attempts(story)
    fitting = [each for each in found if each.error == story.error]
    return next(reversed(fitting or found), None)


def _unfinished_attempts(story: Story) -> list[Attempt]:
    """Return the failed last attempts of visits that were never left, including those of helper states."""
    last = [story.attempts[visit.attempts[-1]] for visit in story.visits if visit.attempts and visit.left is None]
    return [each for each in last if each.failed]
