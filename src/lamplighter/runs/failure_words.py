"""Say in words why a run or an attempt failed.

Guarantees that the text names the time limit that was exceeded, if the definition or the history contains it. Pure.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from lamplighter.base.engine_rules import QUEUE_FULL
from lamplighter.base.json_text import Json
from lamplighter.runs.blamed_attempt import blamed_attempt
from lamplighter.runs.durations import format_limit
from lamplighter.runs.failure_reasons import (
    ESSENTIAL_CONTAINER_EXITED,
    exit_codes,
    failure_reason,
    task_of_document,
)
from lamplighter.runs.job_machine import MAIN_CONTAINER, is_made_from_job_file
from lamplighter.runs.missing_statement import missing_statement
from lamplighter.runs.story import Attempt, Story

HEARTBEAT, TASK_FAILED = "States.HeartbeatTimeout", "States.TaskFailed"
EXPLAINED_BY_REASON = (TASK_FAILED, QUEUE_FULL)
"""The errors whose names say less than their reasons."""
EXIT_CODE_MEANINGS: Mapping[int, str] = {
    126: "its command is not executable",
    127: "its command was not found",
    134: "it aborted (SIGABRT)",
    137: "it was killed (SIGKILL), possibly because memory ran out",
    139: "it crashed (SIGSEGV)",
    143: "it was terminated (SIGTERM)",
}
"""What exit codes mean to a shell and to the kernel; programs may use them differently."""
SHORT_MEANINGS: Mapping[int, str] = {
    126: "command not executable", 127: "command not found", 134: "aborted", 137: "killed", 139: "crashed",
    143: "terminated",
}  # fmt: skip
"""The same in one or two words, for the subject of a mail."""
STOPPED_CODES = (137, 143)
"""The exit codes of a container that a signal stopped."""
OUT_OF_MEMORY = "OutOfMemory"
"""The word in ECS's reason for a container that was killed because it exceeded its memory: OutOfMemoryError."""


@dataclass(frozen=True, slots=True)
class RunFailure:
    """Why a run ended unsuccessfully."""

    run_failure: str
    """The failure of the run as a whole, such as an exceeded deadline; else empty."""
    attempt: Attempt | None
    """The attempt that caused the failure."""
    reason: str
    """Why the attempt failed; may be empty."""
    codes: Sequence[tuple[str, int, str]]
    """For each container of the attempt: its name, its exit code and what the code means."""
    blamed_containers: Set[str]
    """The containers whose exit codes are the failure."""
    stopped: bool
    """Whether the run was stopped by a request, which is no failure of the run."""


def explain_failure(story: Story, definition: Json) -> RunFailure | None:
    """Return why a run ended unsuccessfully, or None if the run is still running or succeeded."""
    if story.outcome in ("running", "succeeded"):
        return None
    deadline, stopped = run_deadline(definition), story.outcome == "aborted"
    run_failure = _exceeded_deadline(deadline) if story.outcome == "timed out" else ""
    attempt = blamed_attempt(story, from_job_file=is_made_from_job_file(definition))
    if attempt is None:
        return RunFailure(run_failure, None, "", (), frozenset(), stopped)
    codes = [(name, code, EXIT_CODE_MEANINGS.get(code, "")) for name, code in sorted(attempt.exits.items())]
    stopped_with_run = run_failure and attempt.outcome == "aborted"
    reason = "was stopped together with the run" if stopped_with_run else attempt_failure(story, attempt, deadline)
    reason = with_missing_statement(reason)
    return RunFailure(run_failure, attempt, reason, codes, failed_containers(attempt), stopped)


def with_missing_statement(reason: str) -> str:
    """Return a reason with the statement that a role lacks, if the reason is that IAM denied a call."""
    missing = missing_statement(reason)
    return reason if missing is None else f"{reason}; {missing}"


def failed_containers(attempt: Attempt) -> Set[str]:
    """Return the containers whose exit codes are the failure of an attempt.

    When a task ends, its other containers are stopped by a signal, which is no failure; nor is it one in an attempt
    that succeeded.
    """
    if not attempt.failed:
        return frozenset()
    nonzero = {name: code for name, code in attempt.exits.items() if code}
    own = {name for name, code in nonzero.items() if code not in STOPPED_CODES or name == MAIN_CONTAINER}
    return own or nonzero.keys()


def summarize_failure(failure: RunFailure | None, error: str | None, cause: str | None) -> str:
    """Return in one line why a run ended unsuccessfully; `error` and `cause` are the run's own."""
    if failure is not None and failure.run_failure:
        return failure.run_failure
    attempt = None if failure is None else failure.attempt
    if failure is None or attempt is None:
        return failure_text(error, failure_reason(cause), exit_codes(task_of_document(cause))).strip(" :")
    codes = ", ".join(exit_words(code, attempt.reason) for _, code, _ in failure.codes if code)
    is_known = bool(codes) and (attempt.reason or "").startswith(ESSENTIAL_CONTAINER_EXITED)
    reason = "" if is_known else failure.reason
    return f"{attempt.state}: {', '.join(filter(None, (codes, reason))) or 'failed'}"


def run_deadline(definition: Json) -> int | None:
    """Return the deadline of a run in seconds, or None if it has none."""
    found = definition.get("TimeoutSeconds") if isinstance(definition, dict) else None
    return found if isinstance(found, int) else None


def attempt_failure(story: Story, attempt: Attempt, deadline: int | None) -> str:
    """Return an attempt's error and its explanation, or an empty string if there is nothing to explain.

    `deadline` is the run's deadline in seconds.
    """
    return ": ".join(filter(None, (attempt.error, _attempt_reason(story, attempt, deadline))))


def _attempt_reason(story: Story, attempt: Attempt, deadline: int | None) -> str | None:
    if attempt.waits_for_worker and attempt.outcome in ("running", "timed out"):
        return "waits for a worker" if attempt.outcome == "running" else "no worker took it in time"
    if attempt.error == HEARTBEAT:
        return "sent no heartbeat in time"
    if attempt.outcome == "timed out":
        return exceeded_limit("timeout", None if attempt.timeout is None else format_limit(attempt.timeout))
    if attempt.outcome == "aborted" and attempt.reason is None and attempt.ended == story.ended:
        reasons = {"timed out": f"the run {_exceeded_deadline(deadline)}", "aborted": "the run was stopped"}
        return reasons.get(story.outcome)
    return attempt.reason


def _exceeded_deadline(seconds: int | None) -> str:
    return exceeded_limit("deadline", None if seconds is None else format_limit(seconds))


def exceeded_limit(limit: str, length: str | None) -> str:
    """Return the words for a timeout or a deadline that was exceeded; `length` is the formatted limit, if known."""
    return f"took longer than its {limit}" + (f" of {length}" if length else "")


def exit_words(code: int, reason: str | None) -> str:
    """Return an exit code in words: `exit code 3`, `killed (exit code 137)`, `killed, out of memory (exit code 137)`.

    `reason` is ECS's reason for the end of the container.
    """
    number, meaning = f"exit code {code}", SHORT_MEANINGS.get(code)
    if meaning is None:
        return number
    return f"{meaning}, out of memory ({number})" if OUT_OF_MEMORY in (reason or "") else f"{meaning} ({number})"


def failure_text(error: str | None, reason: str | None, exits: Mapping[str, int]) -> str:
    """Return the words that follow "failed": the exit codes, the error and the reason.

    Leaves out what the exit codes say already.
    """
    shown_reason = None if exits and reason == ESSENTIAL_CONTAINER_EXITED else reason
    named = None if error in EXPLAINED_BY_REASON and (exits or shown_reason) else error
    rest = ": ".join(each for each in (named, shown_reason) if each)
    return (f" with {_exit_codes_text(exits)}" if exits else "") + (f": {rest}" if rest else "")


def _exit_codes_text(exits: Mapping[str, int]) -> str:
    if len(exits) == 1:
        return f"exit code {next(iter(exits.values()))}"
    return "exit codes " + ", ".join(f"{code} ({name})" for name, code in exits.items())
