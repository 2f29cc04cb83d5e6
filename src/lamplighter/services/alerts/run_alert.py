"""Compose the alert for a run that failed after all of its attempts (pattern 2), from the execution's event."""

from lamplighter.base.json_text import Json
from lamplighter.runs.blamed_attempt import attempt_that_ended_run
from lamplighter.runs.ecs_tasks import container_variable, failed_container, stop_reason, task_family
from lamplighter.runs.failure_reasons import failure_reason
from lamplighter.runs.job_machine import ATTEMPT_VARIABLE, READ_LOG_STATE, alert_state_name
from lamplighter.runs.run import end_clause
from lamplighter.runs.story import Attempt
from lamplighter.services.alerts.alert_text import MAX_REASON_LENGTH, Alert, failure_text
from lamplighter.services.alerts.attempt_alert import deadline_reason, project_of_machine, timeout_reason
from lamplighter.services.alerts.queries import AlertQueries

ATTEMPT_SUFFIX = ": Run"
"""The suffix in the name of a state that runs one attempt of a step. The name of the step precedes the suffix."""


def compose_run_alert(queries: AlertQueries, annotation: Json, channel: str, event: Json) -> Alert | None:
    """Compose the alert for a run that ended unsuccessfully.

    Return None if the run itself has alerted the channel and this alert would add nothing: the run has also read the
    log, or there are no log lines.
    """
    detail = event["detail"]
    run, machine = detail["executionArn"], detail["stateMachineArn"].rpartition(":")[2]
    story, described = queries.read_story(run), queries.describe_run(run) or {}
    last = attempt_that_ended_run(story, described.get("error"))
    task = queries.describe_task(last.task) if last is not None and last.task is not None else None
    lines = () if task is None else tuple(queries.last_lines(task))
    has_alerted = channel in annotation.get("Caught", []) and story.has_succeeded(alert_state_name(channel))
    if has_alerted and (story.has_succeeded(READ_LOG_STATE) or not lines):
        return None
    code = None if task is None else failed_container(task).get("exitCode")
    project, ended = project_of_machine(machine, annotation["Job"]), end_clause(detail["status"])
    ended += failure_text(described.get("error"), code) if detail["status"] == "FAILED" else ""
    return Alert(
        subject=f"{project}: {annotation['Job']} {ended}",
        headline=f"{project}: a run of the job {annotation['Job']} {ended}.",
        error=described.get("error") or detail["status"],
        reason=_reason(annotation, described, task),
        exit_code=code,
        step=_step(project, last, task) if "Attempts" not in annotation else None,
        attempts=len(story.container_attempts) if "Attempts" in annotation else None,
        run=run,
        machine=machine,
        time=event["time"],
        lines=lines,
    )


def _step(project: str, last: Attempt | None, task: Json | None) -> str | None:
    """Return the step of a workflow that failed: `Load (job load), attempt 2`."""
    step = None if last is None else last.state.removesuffix(ATTEMPT_SUFFIX)
    if not step or task is None:
        return step or None
    attempt = container_variable(task, ATTEMPT_VARIABLE)
    return f"{step} (job {task_family(task).removeprefix(f'{project}-')})" + (f", attempt {attempt}" if attempt else "")


def _reason(annotation: Json, described: Json, task: Json | None) -> str | None:
    """Return the limit that was exceeded, or else why the run failed by the cause of its error or by its task."""
    if described.get("status") == "TIMED_OUT":
        return deadline_reason(annotation)
    if described.get("error") == "States.Timeout":
        return timeout_reason(annotation, task or {})
    found = failure_reason(described.get("cause"), MAX_REASON_LENGTH)
    return stop_reason(task) if found is None and task is not None else found
