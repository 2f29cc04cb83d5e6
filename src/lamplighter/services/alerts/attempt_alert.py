"""Compose the alert for a failed attempt (pattern 1), after which a retry may still succeed, from the task's event.

Step Functions stops a task with the same stop reason if the task timed out and if a person stopped its run. The run's
history distinguishes the two. Guarantees that a task which a person stopped causes no alert.
"""

from lamplighter.base.json_text import Json
from lamplighter.runs.failures.failure_reasons import ESSENTIAL_CONTAINER_EXITED
from lamplighter.runs.failures.failure_words import TASK_FAILED, TIMEOUT, cause_words, exceeded_limit
from lamplighter.runs.history.story import to_milliseconds
from lamplighter.runs.jobs.job_machine import ATTEMPT_VARIABLE, SCHEDULED_VARIABLE
from lamplighter.runs.local_times import UTC_NAME, parse_iso_milliseconds
from lamplighter.runs.tasks.ecs_tasks import (
    container_exits,
    container_variable,
    failed_container,
    has_task_succeeded,
    run_of_task,
    stop_reason,
    task_family,
)
from lamplighter.services.alerts.alert_text import Alert, Times
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
    error = TASK_FAILED if reason == stop_reason(task) else TIMEOUT
    attempt = attempt_label(container_variable(task, ATTEMPT_VARIABLE), annotation)
    return Alert(
        headline=f"{annotation['Job']}: {f'attempt {attempt}' if attempt else 'an attempt'} failed"
        + failure_words(error, reason, task),
        project=project_of_machine(task_family(task), annotation["Job"]),
        machine=task_family(task) or None,
        reason=shown_reason(reason, code),
        exit_code=code,
        attempt=attempt,
        times=_attempt_times(annotation, task, event),
        run=run if known else None,
        lines=tuple(queries.last_lines(task)),
    )


def _attempt_times(annotation: Json, task: Json, event: Json) -> Times:
    """Return the times of an attempt; ECS's event has them as text or as seconds since the epoch."""
    return Times(
        scheduled=parse_iso_milliseconds(container_variable(task, SCHEDULED_VARIABLE)),
        started=_instant(task.get("startedAt")),
        ended=_instant(task.get("stoppedAt")) or _instant(event["time"]),
        zone=annotation.get("Zone", UTC_NAME),
    )


def _instant(given: Json) -> int | None:
    return to_milliseconds(given) if isinstance(given, (int, float)) else parse_iso_milliseconds(given)


def _user_stop_reason(queries: AlertQueries, annotation: Json, run: str, task: Json) -> str | None:
    """Return why the task stopped, or None if a person or another run stopped its run, or a parallel step failed."""
    attempts = queries.read_story(run).container_attempts
    attempt = next((each for each in attempts if each.task == task["taskArn"]), None)
    if attempt is None:
        return stop_reason(task)
    if attempt.outcome == "timed out":
        return timeout_reason(annotation, task)
    return deadline_reason(annotation) if (queries.describe_run(run) or {}).get("status") == "TIMED_OUT" else None


def failure_words(error: str | None, reason: str | None, task: Json | None) -> str:
    """Return the words that follow "failed", with a colon before them; empty if nothing is known."""
    words = cause_words(error, reason, {} if task is None else container_exits(task))
    return f": {words}" if words else ""


def shown_reason(reason: str | None, code: int | None) -> str | None:
    """Return the reason if it says more than the exit code."""
    return None if code is not None and reason == ESSENTIAL_CONTAINER_EXITED else reason


def timeout_reason(annotation: Json, task: Json) -> str:
    """Return the reason for an attempt that exceeded its timeout."""
    return exceeded_limit("timeout", (annotation.get("Timeouts") or {}).get(task_family(task)))


def deadline_reason(annotation: Json) -> str:
    """Return the reason for a run that exceeded its deadline."""
    return f"the run {exceeded_limit('deadline', annotation.get('Deadline'))}"


def attempt_label(attempt: str | None, annotation: Json) -> str | None:
    """Return the attempt's number as `n of m`, or as `n` if the number of attempts is unknown or was exceeded by a
    redrive.

    Return None if the attempt's number is unknown.
    """
    if attempt is None:
        return None
    most = annotation.get("Attempts", 0)
    return f"{attempt} of {most}" if attempt.isdecimal() and int(attempt) <= most else attempt


def project_of_machine(machine: str, job: str) -> str:
    """Return the project of a job's machine."""
    return machine.removesuffix(f"-{job}") or job
