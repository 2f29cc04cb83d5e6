"""Compose the alert for a run that failed after all of its attempts (pattern 2), from the execution's event."""

from lamplighter.base.json_text import Json
from lamplighter.runs.failure_reasons import failure_reason
from lamplighter.services.alerts.alert_text import MAX_REASON_LENGTH, Alert, failure_text
from lamplighter.services.alerts.attempt_alert import (
    deadline_reason,
    job_of_task,
    project_of_machine,
    stop_reason,
    timeout_reason,
)
from lamplighter.services.alerts.queries import AlertQueries, container_variable, failed_container
from lamplighter.services.alerts.run_history import RunAttempt, read_history

STATUS_WORDS = {"FAILED": "failed", "TIMED_OUT": "timed out", "ABORTED": "was stopped"}


def compose_run_alert(queries: AlertQueries, annotation: Json, channel: str, event: Json) -> Alert | None:
    """Compose the alert for a run that ended unsuccessfully.

    Return None if the run itself has alerted the channel and this alert would add nothing: the run has also read the
    log, or there are no log lines.
    """
    detail = event["detail"]
    run, machine = detail["executionArn"], detail["stateMachineArn"].rpartition(":")[2]
    history, described = read_history(queries, run), queries.describe_run(run) or {}
    last = history.blamed_attempt(described.get("error"))
    task = queries.describe_task(last.task) if last is not None and last.task is not None else None
    container = failed_container(task) if task is not None else None
    lines = queries.last_lines(task, container["name"]) if task is not None and container is not None else []
    if channel in annotation.get("Caught", []) and history.has_alerted(channel) and (history.has_read_log or not lines):
        return None
    code = container.get("exitCode") if container is not None else None
    project, ended = (
        project_of_machine(machine, annotation["Job"]),
        STATUS_WORDS.get(detail["status"], detail["status"]),
    )
    ended += failure_text(described.get("error"), code) if detail["status"] == "FAILED" else ""
    return Alert(
        subject=f"{project}: {annotation['Job']} {ended}",
        headline=f"{project}: a run of the job {annotation['Job']} {ended}.",
        error=described.get("error") or detail["status"],
        reason=_reason(annotation, described, task),
        exit_code=code,
        step=_step(project, last, task) if "Attempts" not in annotation else None,
        attempts=history.attempts if "Attempts" in annotation else None,
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


def _reason(annotation: Json, described: Json, task: Json | None) -> str | None:
    """Return the limit that was exceeded, or else why the run failed by the cause of its error or by its task."""
    if described.get("status") == "TIMED_OUT":
        return deadline_reason(annotation)
    if described.get("error") == "States.Timeout":
        return timeout_reason(annotation, task or {})
    found = failure_reason(described.get("cause"), MAX_REASON_LENGTH)
    return stop_reason(task) if found is None and task is not None else found
