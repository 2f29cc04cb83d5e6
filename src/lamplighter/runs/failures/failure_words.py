"""Say in plain words why a run or an attempt failed: lists, alerts, pages and the log have the same words from here.

Guarantees that the text names the time limit that was exceeded, if the definition or the history contains it, and that
it is one line without the codes of a terminal. Pure.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.base.engine_rules import QUEUE_FULL
from lamplighter.base.json_text import Json
from lamplighter.runs.failures.blamed_attempt import blamed_attempt
from lamplighter.runs.failures.failed_starts import plain_reason
from lamplighter.runs.failures.failure_reasons import (
    ESSENTIAL_CONTAINER_EXITED,
    exit_codes,
    failure_reason,
    task_of_document,
)
from lamplighter.runs.failures.missing_statement import missing_statement
from lamplighter.runs.history.durations import format_setting
from lamplighter.runs.history.story import Attempt, Story
from lamplighter.runs.jobs.job_machine import ATTEMPT_SUFFIX, MAIN_CONTAINER, is_made_from_job_file, is_supporting_state
from lamplighter.runs.printable_text import printable_line
from lamplighter.runs.tasks.ecs_tasks import KILLED_EXIT_CODES

TIMEOUT, HEARTBEAT, TASK_FAILED = "States.Timeout", "States.HeartbeatTimeout", "States.TaskFailed"
EXPLAINED_BY_REASON = (TASK_FAILED, QUEUE_FULL)
"""The errors whose names say less than their reasons."""
ERROR_WORDS: Mapping[str, str] = {
    TIMEOUT: "took longer than its timeout",
    HEARTBEAT: "sent no heartbeat in time",
    "States.ExceedToleratedFailureThreshold": "too many items failed",
}
"""The words for errors that need no reason."""
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
WORKING_TYPES = ("Task", "Map", "Parallel")
"""The types of states that do the work of a machine."""
OUT_OF_MEMORY = "OutOfMemory"
"""The word in ECS's reason for a container that was killed because it exceeded its memory: OutOfMemoryError."""


@dataclass(frozen=True, slots=True)
class RunFailure:
    """Why a run ended unsuccessfully."""

    run_failure: str
    """The failure of the run as a whole, such as an exceeded deadline; else empty."""
    attempt: Attempt | None
    """The attempt that caused the failure."""
    state: str
    """The state of the attempt; empty if the machine has no other work."""
    reason: str
    """Why the attempt failed, in plain words."""
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
        return RunFailure(run_failure, None, "", "", (), frozenset(), stopped)
    codes = [(name, code, EXIT_CODE_MEANINGS.get(code, "")) for name, code in sorted(attempt.exits.items())]
    stopped_with_run = run_failure and attempt.outcome == "aborted"
    reason = "was stopped together with the run" if stopped_with_run else attempt_words(story, attempt, deadline)
    state = attempt.state.removesuffix(ATTEMPT_SUFFIX) if _has_several_states(definition) else ""
    return RunFailure(run_failure, attempt, state, reason, codes, failed_containers(attempt), stopped)


def _has_several_states(definition: Json) -> bool:
    """Return whether a machine has several states that do work, apart from a job's helper states."""
    found = [(name, each) for name, each in walk_states(definition) if each.get("Type") in WORKING_TYPES]
    if is_made_from_job_file(definition):
        found = [(name, each) for name, each in found if not is_supporting_state(name, each.get("Resource"))]
    return len(found) > 1


def with_missing_statement(reason: str) -> str:
    """Return a reason with the statement that a role lacks, if the reason is that IAM denied a call."""
    missing = missing_statement(reason)
    return reason if missing is None else f"{reason}; {missing}"


def failed_containers(attempt: Attempt) -> Set[str]:
    """Return the containers whose exit codes are the failure of an attempt; none if it succeeded."""
    return failed_exits(attempt.exits).keys() if attempt.failed else frozenset()


def failed_exits(exits: Mapping[str, int]) -> Mapping[str, int]:
    """Return the exit codes that are a failure; when a task ends, a signal stops its other containers."""
    nonzero = {name: code for name, code in exits.items() if code}
    own = {name: code for name, code in nonzero.items() if code not in KILLED_EXIT_CODES or name == MAIN_CONTAINER}
    return own or nonzero


def summarize_failure(failure: RunFailure | None, error: str | None, cause: str | None) -> str:
    """Return in one line why a run ended unsuccessfully; `error` and `cause` are the run's own."""
    if failure is not None and failure.run_failure:
        return f"the run {failure.run_failure}"
    if failure is None or failure.attempt is None:
        return cause_words(error, failure_reason(cause), exit_codes(task_of_document(cause)))
    return ": ".join(filter(None, (failure.state, failure.reason or "failed")))


def run_words(
    status: str, error: str | None, cause: str | None, deadline: int | None = None, max_characters: int = 300
) -> str:
    """Return why a run ended unsuccessfully, by what DescribeExecution says; empty if that is nothing.

    `deadline` is the run's deadline in seconds, if it is known.
    """
    if status == "TIMED_OUT":
        return f"the run {_exceeded_deadline(deadline)}"
    reason = failure_reason(cause, max_characters)
    return "" if status in ("RUNNING", "SUCCEEDED") else cause_words(error, reason, exit_codes(task_of_document(cause)))


def cause_words(error: str | None, reason: str | None, exits: Mapping[str, int]) -> str:
    """Return in plain words why an attempt or a run failed: the words that follow "failed: ".

    `reason` is ECS's, that of an integration or of a Fail state. What the exit codes say is not repeated.
    """
    if error in ERROR_WORDS:
        return plain_reason(reason) if reason and error in (TIMEOUT, HEARTBEAT) else ERROR_WORDS[error or ""]
    failed = failed_exits(exits)
    names = {name: f" ({name})" for name in failed if len(failed) > 1 or (len(exits) > 1 and name != MAIN_CONTAINER)}
    codes = ", ".join(exit_words(code, reason) + names.get(name, "") for name, code in failed.items())
    plain = plain_reason(reason or "")
    if codes and (plain.startswith(ESSENTIAL_CONTAINER_EXITED) or OUT_OF_MEMORY in plain):
        plain = ""
    named = "" if error in EXPLAINED_BY_REASON and (codes or plain) else error or ""
    return ": ".join(filter(None, (codes, printable_line(named), plain)))


def attempt_words(story: Story, attempt: Attempt, deadline: int | None) -> str:
    """Return in plain words why an attempt failed; `deadline` is the run's, in seconds."""
    exits = {} if attempt.outcome == "timed out" else attempt.exits
    return with_missing_statement(cause_words(attempt.error, _attempt_reason(story, attempt, deadline), exits))


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
        return ERROR_WORDS[HEARTBEAT]
    if attempt.outcome == "timed out":
        return exceeded_limit("timeout", None if attempt.timeout is None else format_setting(attempt.timeout))
    if attempt.outcome == "aborted" and attempt.reason is None and attempt.ended == story.ended:
        reasons = {"timed out": f"the run {_exceeded_deadline(deadline)}", "aborted": "the run was stopped"}
        return reasons.get(story.outcome)
    return attempt.reason


def _exceeded_deadline(seconds: int | None) -> str:
    return exceeded_limit("deadline", None if seconds is None else format_setting(seconds))


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
