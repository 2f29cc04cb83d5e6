"""Describe the results of attempts and runs, in words and as JSON."""

from lamplighter.base.json_text import Json
from lamplighter.cli.runs.find_run import Run
from lamplighter.cli.runs.formatting import format_utc
from lamplighter.cli.runs.skipped_runs import SKIP_REASON
from lamplighter.jobs.file.values import format_duration
from lamplighter.runs.failure_reasons import exit_codes, failure_reason, task_of_document
from lamplighter.runs.story import Attempt, Story

ESSENTIAL_CONTAINER_EXITED = "Essential container in task exited"
"""ECS's reason for every task whose container ends by itself; it is left out next to an exit code."""
ITEM_STATE_WORDS = {
    "succeeded": "succeeded", "failed": "failed", "aborted": "stopped", "timedOut": "timed out", "running": "running",
    "pending": "pending",
}  # fmt: skip
"""The words for the states of a Map Run's items."""
TASK_FAILED = "States.TaskFailed"


def state_path(attempt: Attempt) -> str:
    """Return the name of an attempt's state, after the iterations around it."""
    return " ".join([*attempt.path, attempt.state])


def attempt_result_text(attempt: Attempt) -> str:
    """Return the words for an attempt's result, after its label: "failed with exit code 1"."""
    if attempt.outcome == "running":
        return "waits for a worker" if attempt.waits_for_worker else "running"
    if attempt.outcome == "succeeded":
        return "succeeded"
    if attempt.outcome == "aborted":
        return "stopped with the run"
    if attempt.outcome == "timed out":
        after = (
            f" after {format_duration(attempt.timeout)}"
            if attempt.timeout and attempt.error == "States.Timeout"
            else ""
        )
        return f"timed out{after}" if attempt.error == "States.Timeout" else f"timed out: {attempt.error}"
    return "failed" + failure_text(attempt.error, attempt.reason, exit_codes_text(dict(attempt.exits)))


def failure_text(error: str | None, reason: str | None, code: str) -> str:
    """Return the words that follow "failed": the exit codes, the error and the reason."""
    shown_reason = None if code and reason == ESSENTIAL_CONTAINER_EXITED else reason
    named = None if error == TASK_FAILED and (code or shown_reason) else error
    rest = ": ".join(each for each in (named, shown_reason) if each)
    return (f" with {code}" if code else "") + (f": {rest}" if rest else "")


def exit_codes_text(found: dict[str, int]) -> str:
    """Return exit codes in words; those of several containers have the containers' names."""
    if len(found) == 1:
        return f"exit code {next(iter(found.values()))}"
    return "exit codes " + ", ".join(f"{code} ({name})" for name, code in found.items()) if found else ""


def run_end_text(run: Run, story: Story) -> str:
    """Return a sentence that states how a run ended."""
    if run.skipped:
        return f"the run was skipped: {SKIP_REASON}"
    return f"the run {'was ' if story.outcome == 'aborted' else ''}{_outcome_text(story)}"


def _outcome_text(story: Story) -> str:
    if story.outcome in ("running", "succeeded"):
        return story.outcome
    word = "stopped" if story.outcome == "aborted" else story.outcome
    return word + _cause_text(story.error, story.cause)


def run_failure_text(run: Run) -> str:
    """Return the words that follow an unsuccessful run's status: exit codes, error and reason; empty for others."""
    return "" if run.status in ("RUNNING", "SUCCEEDED") else _cause_text(run.error, run.cause)


def _cause_text(error: str | None, cause: str | None) -> str:
    return failure_text(error, failure_reason(cause), exit_codes_text(dict(exit_codes(task_of_document(cause)))))


def attempt_json(attempt: Attempt) -> Json:
    """Return an attempt as JSON for programs."""
    return {
        "kind": "attempt",
        "state": attempt.state,
        "path": list(attempt.path),
        "attempt": attempt.number,
        "resource": attempt.resource,
        "outcome": attempt.outcome,
        "began": format_utc(attempt.began),
        "ended": format_utc(attempt.ended),
        "seconds": None if attempt.duration is None else attempt.duration / 1000,
        "exitCodes": dict(attempt.exits),
        "error": attempt.error,
        "reason": attempt.reason,
        "task": attempt.task,
    }


def run_json(run: Run, job: str | None = None) -> Json:
    """Return a run as JSON for programs."""
    return {
        **({} if job is None else {"job": job}),
        "run": run.name,
        "arn": run.arn,
        "status": run.status,
        "skipped": run.skipped,
        "began": format_utc(run.began),
        "ended": format_utc(run.ended),
        "seconds": None if run.took is None else run.took / 1000,
        "redrives": run.redrives,
        "error": run.error,
        "reason": failure_reason(run.cause),
        "exitCodes": dict(exit_codes(task_of_document(run.cause))),
    }
