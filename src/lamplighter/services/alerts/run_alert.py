"""Compose the alert for a run that failed after all of its attempts (pattern 2), from the execution's event."""

from lamplighter.base.json_text import Json
from lamplighter.runs.failure_reasons import failure_reason
from lamplighter.services.alerts.alert_text import LONGEST_REASON, Alert, failure_text
from lamplighter.services.alerts.attempt_alert import (
    job_of_task,
    project_of_machine,
    slow_attempt_reason,
    slow_run_reason,
    stop_reason,
)
from lamplighter.services.alerts.queries import AlertQueries, container_variable, failed_container
from lamplighter.services.alerts.run_history import RunAttempt, read_history

ENDINGS = {"FAILED": "failed", "TIMED_OUT": "timed out", "ABORTED": "was stopped"}


def compose_run_alert(facts: AlertQueries, mark: Json, channel: str, event: Json) -> Alert | None:
    """Compose the alert for a run that ended unsuccessfully.

    Return None if the run itself has alerted the channel and this alert would add nothing: the run has also read the
    log, or there are no log lines.
    """
    detail = event["detail"]
    run, machine = detail["executionArn"], detail["stateMachineArn"].rpartition(":")[2]
    history, described = read_history(facts, run), facts.run(run) or {}
    last = history.blamed_attempt(described.get("error"))
    task = facts.task(last.task) if last is not None and last.task is not None else None
    container = failed_container(task) if task is not None else None
    lines = facts.lines(task, container["name"]) if task is not None and container is not None else []
    if channel in mark.get("Caught", []) and history.has_told(channel) and (history.has_read_log or not lines):
        return None
    code = container.get("exitCode") if container is not None else None
    project, ended = project_of_machine(machine, mark["Job"]), ENDINGS.get(detail["status"], detail["status"])
    ended += failure_text(described.get("error"), code) if detail["status"] == "FAILED" else ""
    return Alert(
        subject=f"{project}: {mark['Job']} {ended}",
        headline=f"{project}: a run of the job {mark['Job']} {ended}.",
        error=described.get("error") or detail["status"],
        reason=_reason(mark, described, task),
        exit_code=code,
        step=_step(project, last, task) if "Attempts" not in mark else None,
        attempts=history.attempts if "Attempts" in mark else None,
        run=run,
        machine=machine,
        time=event["time"],
        lines=tuple(lines),
    )


def _step(project: str, last: RunAttempt | None, task: Json | None) -> str | None:
    """Return the step of a workflow that failed: `Load (job load), attempt 2`."""
    if last is None or last.step is None or task is None:
        return None if last is None else last.step
    attempt = container_variable(task, "LAMPLIGHTER_ATTEMPT")
    return f"{last.step} (job {job_of_task(project, task)})" + (f", attempt {attempt}" if attempt else "")


def _reason(mark: Json, described: Json, task: Json | None) -> str | None:
    """Return the limit that was exceeded, or else why the run failed by the cause of its error or by its task."""
    if described.get("status") == "TIMED_OUT":
        return slow_run_reason(mark)
    if described.get("error") == "States.Timeout":
        return slow_attempt_reason(mark, task or {})
    found = failure_reason(described.get("cause"), LONGEST_REASON)
    return stop_reason(task) if found is None and task is not None else found
