"""Compose the alert for a failed attempt (pattern 1), after which a retry may still succeed, from the task's event.

Step Functions stops a task with the same stop reason if the task timed out and if a person stopped its run. The run's
history distinguishes the two. Guarantees that a task which a person stopped causes no alert.
"""

from lamplighter.base.json_text import Json
from lamplighter.runs.job_machine import MAIN_CONTAINER
from lamplighter.services.alerts.alert_text import Alert, failure_text
from lamplighter.services.alerts.queries import AlertQueries, container_variable, failed_container, find_execution
from lamplighter.services.alerts.run_history import read_history

KILLED_EXIT_CODES = (137, 143)
"""Exit codes of a container that was stopped because another container ended."""


def compose_attempt_alert(queries: AlertQueries, annotation: Json, _channel: str, event: Json) -> Alert | None:
    """Compose the alert for a stopped task.

    Return None if the task succeeded, or if it was stopped together with its run.
    """
    task = event["detail"]
    if has_task_succeeded(annotation, task):
        return None
    container = failed_container(task)
    run = find_execution(task, queries.caller)
    known = run is not None and queries.describe_run(run) is not None
    reason = (
        _user_stop_reason(queries, annotation, run, task)
        if run and task.get("stopCode") == "UserInitiated"
        else stop_reason(task)
    )
    if reason is None:
        return None
    code = container.get("exitCode") if container is not None else None
    error = task.get("stopCode") if reason == stop_reason(task) else "States.Timeout"
    machine = task_family(task) or None
    project = project_of_machine(machine or "", annotation["Job"])
    return Alert(
        subject=f"{project}: an attempt of {annotation['Job']} failed{failure_text(error, code)}",
        headline=f"{project}: an attempt of the job {annotation['Job']} failed{failure_text(error, code)}.",
        error=error,
        reason=reason,
        exit_code=code,
        attempt=attempt_label(container_variable(task, "LAMPLIGHTER_ATTEMPT"), annotation),
        run=run if known else None,
        machine=machine,
        time=event["time"],
        lines=tuple(queries.last_lines(task, container["name"])) if container is not None else (),
    )


def has_task_succeeded(annotation: Json, task: Json) -> bool:
    """Return whether the job's `main` container succeeded. A sidecar counts only if the job declares it essential."""
    codes = {each["name"]: each.get("exitCode") for each in task.get("containers", [])}
    essential = [code for name, code in codes.items() if name in annotation.get("Essential", [])]
    essential_succeeded = all(code in (0, *KILLED_EXIT_CODES) for code in essential)
    return task.get("stopCode") == "EssentialContainerExited" and codes.get(MAIN_CONTAINER) == 0 and essential_succeeded


def _user_stop_reason(queries: AlertQueries, annotation: Json, run: str, task: Json) -> str | None:
    """Return why the task stopped, or None if a person or another run stopped its run, or a parallel step failed."""
    attempt = read_history(queries, run).attempt_of_task(task["taskArn"])
    if attempt is None:
        return stop_reason(task)
    if attempt.timed_out:
        return timeout_reason(annotation, task)
    return deadline_reason(annotation) if (queries.describe_run(run) or {}).get("status") == "TIMED_OUT" else None


def timeout_reason(annotation: Json, task: Json) -> str:
    """Return the reason for an attempt that exceeded its timeout."""
    return _exceeded_limit("an attempt", "timeout", (annotation.get("Timeouts") or {}).get(task_family(task)))


def deadline_reason(annotation: Json) -> str:
    """Return the reason for a run that exceeded its deadline."""
    return _exceeded_limit("the run", "deadline", annotation.get("Deadline"))


def _exceeded_limit(subject: str, limit: str, value: str | None) -> str:
    return f"{subject} took longer than its {limit}" + (f" of {value}" if value else "")


def stop_reason(task: Json) -> str:
    """Return why the task stopped: its own reason and those of its containers."""
    reasons = [task.get("stoppedReason"), *(each.get("reason") for each in task.get("containers", []))]
    return "; ".join(dict.fromkeys(reason for reason in reasons if reason))


def attempt_label(attempt: str | None, annotation: Json) -> str | None:
    """Return the attempt's number as `n of m`, or as `n` if the number of attempts is unknown.

    Return None if the attempt's number is unknown.
    """
    if attempt is None:
        return None
    return f"{attempt} of {annotation['Attempts']}" if "Attempts" in annotation else attempt


def task_family(task: Json) -> str:
    """Return the family of the task, which has the same name as the job's machine."""
    return str(task.get("group") or "").removeprefix("family:")


def job_of_task(project: str, task: Json) -> str:
    """Return the name of the job that the task belongs to."""
    return task_family(task).removeprefix(f"{project}-")


def project_of_machine(machine: str, job: str) -> str:
    """Return the project of a job's machine."""
    return machine.removesuffix(f"-{job}") or job
