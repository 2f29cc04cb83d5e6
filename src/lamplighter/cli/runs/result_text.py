"""Describe the results of attempts and runs, in words and as JSON."""

from rich.text import Text

from lamplighter.base.json_text import Json
from lamplighter.cli.runs.formatting import STATUS_STYLES, format_utc, status_text
from lamplighter.runs.failures.failure_reasons import exit_codes, failure_reason, task_of_document
from lamplighter.runs.failures.failure_words import attempt_words, run_words, with_missing_statement
from lamplighter.runs.history.state_status import OUTCOME_STATUSES
from lamplighter.runs.history.story import Attempt, Story
from lamplighter.runs.jobs.skipped_runs import SKIP_REASON
from lamplighter.runs.run import END_WORDS, Run, end_clause
from lamplighter.runs.tasks.task_run import TaskRun


def state_path(attempt: Attempt) -> str:
    """Return the name of an attempt's state, after the iterations around it."""
    return " ".join([*attempt.path, attempt.state])


def attempt_result_text(attempt: Attempt, story: Story) -> str:
    """Return the words for an attempt's result, after its label: "failed: exit code 1"."""
    if attempt.outcome == "running":
        return "waits for a worker" if attempt.waits_for_worker else "running"
    if attempt.outcome == "succeeded":
        return "succeeded"
    if attempt.outcome == "aborted":
        return "stopped with the run"
    return f"failed: {attempt_words(story, attempt, None)}"


def run_end_text(run: Run, story: Story) -> str:
    """Return a sentence that states how a run ended."""
    if run.skipped:
        return f"the run was skipped: {SKIP_REASON}"
    status = OUTCOME_STATUSES[story.outcome]
    words = run_words(status, story.error, story.cause)
    return with_missing_statement(f"the run {end_clause(status)}" + (f": {words}" if words else ""))


def run_failure_text(run: Run) -> str:
    """Return the words that follow an unsuccessful run's status, with a colon before them; empty for others."""
    words = run_words(run.status, run.error, run.cause)
    return f": {words}" if words else ""


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


def task_result_text(run: TaskRun) -> Text:
    """Return how a task ended, and why, in its colour: "failed: exit code 3"; for one that waits, why."""
    if run.waits:
        return Text(run.waits, STATUS_STYLES["running"])
    reason = f": {run.failure}" if run.failure else ""
    return Text.assemble(status_text(END_WORDS[run.status]), (reason, "bold red" if run.status == "FAILED" else ""))


def task_json(run: TaskRun, job: str | None = None) -> dict[str, Json]:
    """Return a task that no state machine started as JSON for programs, with the keys of a run."""
    return {
        **({} if job is None else {"job": job}),
        "run": run.name,
        "arn": run.arn,
        "status": run.status,
        "began": format_utc(run.began),
        "ended": format_utc(run.ended),
        "seconds": None if run.took is None else run.took / 1000,
        "reason": run.failure or None,
        "exitCodes": dict(run.exit_codes),
        "startedBy": run.started_by or None,
    }
