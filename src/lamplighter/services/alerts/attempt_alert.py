"""Compose the alert for a failed attempt (pattern 1), after which a retry may still succeed, from the task's event.

Step Functions stops a task with the same stop reason if the task timed out and if a person stopped its run. The run's
history distinguishes the two. Guarantees that a task which a person stopped causes no alert.
"""

from lamplighter.base.json_text import Json
from lamplighter.runs.ecs_tasks import (
    container_variable,
    failed_container,
    has_task_succeeded,
    run_of_task,
    stop_reason,
    task_family,
)
from lamplighter.runs.failure_words import exceeded_limit
from lamplighter.runs.job_machine import ATTEMPT_VARIABLE
from lamplighter.services.alerts.alert_text import Alert, failure_text
from lamplighter.services.alerts.queries import AlertQueries


def compose_attempt_alert(queries: AlertQueries, annotation: Json, _channel: str, event: Json) -> Alert | None:
    """Compose the alert for a stopped task.

    Return None if the task succeeded, or if it was stopped together with its run.
    """
    task = event["detail"]
    if has_task_succeeded(task, annotation.get("Essential", [])):
        return None
    run = run_of_task(task, queries.caller.region, queries.caller.account)
    known = run is not None and queries.describe_run(run) is not None
    reason = (
        _user_stop_reason(queries, annotation, run, task)
        if run and task.get("stopCode") == "UserInitiated"
        else stop_reason(task)
    )
    if reason is None:
        return None
    code = failed_container(task).get("exitCode")
    error = task.get("stopCode") if reason == stop_reason(task) else "States.Timeout"
    machine = task_family(task) or None
    project = project_of_machine(machine or "", annotation["Job"])
    return Alert(
        subject=f"{project}: an attempt of {annotation['Job']} failed{failure_text(error, code)}",
        headline=f"{project}: an attempt of the job {annotation['Job']} failed{failure_text(error, code)}.",
        error=error,
        reason=reason,
        exit_code=code,
        attempt=attempt_label(container_variable(task, ATTEMPT_VARIABLE), annotation),
        run=run if known else None,
        machine=machine,
        time=event["time"],
        lines=tuple(queries.last_lines(task)),
    )


def _user_stop_reason(queries: AlertQueries, annotation: Json, run: str, task: Json) -> str | None:
    """Return why the task stopped, or None if a person or another run stopped its run, or a parallel step failed."""
    attempts = queries.read_story(run).container_attempts
    attempt = next((each for each in attempts if each.task == task["taskArn"]), None)
    if attempt is None:
        return stop_reason(task)
    if attempt.outcome == "timed out":
        return timeout_reason(annotation, task)
    return deadline_reason(annotation) if (queries.describe_run(run) or {}).get("status") == "TIMED_OUT" else None


def timeout_reason(annotation: Json, task: Json) -> str:
    """Return the reason for an attempt that exceeded its timeout."""
    return f"an attempt {exceeded_limit('timeout', (annotation.get('Timeouts') or {}).get(task_family(task)))}"


def deadline_reason(annotation: Json) -> str:
    """Return the reason for a run that exceeded its deadline."""
    return f"the run {exceeded_limit('deadline', annotation.get('Deadline'))}"


def attempt_label(attempt: str | None, annotation: Json) -> str | None:
    """Return the attempt's number as `n of m`, or as `n` if the number of attempts is unknown.

    Return None if the attempt's number is unknown.
    """
    if attempt is None:
        return None
    return f"{attempt} of {annotation['Attempts']}" if "Attempts" in annotation else attempt


def project_of_machine(machine: str, job: str) -> str:
    """Return the project of a job's machine."""
    return machine.removesuffix(f"-{job}") or job
