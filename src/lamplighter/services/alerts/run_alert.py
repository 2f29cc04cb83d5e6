"""Compose the alert for a run that failed after all of its attempts (pattern 2), from the execution's event."""

from lamplighter.base.json_text import Json
from lamplighter.runs.failures.blamed_attempt import attempt_that_ended_run
from lamplighter.runs.failures.failure_reasons import failure_reason
from lamplighter.runs.failures.failure_words import TASK_FAILED, TIMEOUT
from lamplighter.runs.history.story import Attempt, to_milliseconds
from lamplighter.runs.jobs.job_machine import (
    ATTEMPT_SUFFIX,
    ATTEMPT_VARIABLE,
    READ_LOG_STATE,
    alert_state_name,
    scheduled_time,
)
from lamplighter.runs.local_times import UTC_NAME, parse_iso_milliseconds
from lamplighter.runs.tasks.ecs_tasks import container_variable, failed_container, stop_reason, task_family
from lamplighter.services.alerts.alert_text import MAX_REASON_LENGTH, Alert, Times
from lamplighter.services.alerts.attempt_alert import (
    attempt_label,
    deadline_reason,
    failure_words,
    project_of_machine,
    shown_reason,
    timeout_reason,
)
from lamplighter.services.alerts.queries import AlertQueries


def compose_run_alert(queries: AlertQueries, annotation: Json, channel: str, event: Json) -> Alert | None:
    """Compose the alert for a run that ended unsuccessfully.

    Return None if the run itself has alerted the channel, unless it could not even try to read the log, and there are
    log lines: a task that timed out is not named in the error. Lines that are too large for a state are no reason.
    """
    detail = event["detail"]
    run, machine = detail["executionArn"], detail["stateMachineArn"].rpartition(":")[2]
    story, described = queries.read_story(run), queries.describe_run(run) or {}
    last = attempt_that_ended_run(story, described.get("error"))
    task = queries.describe_task(last.task) if last is not None and last.task is not None else None
    lines = () if task is None else tuple(queries.last_lines(task))
    alerted = story.outcomes_of(alert_state_name(channel)) if channel in annotation.get("Caught", []) else []
    if "succeeded" in alerted and (story.outcomes_of(READ_LOG_STATE) or not lines):
        return None
    project = project_of_machine(machine, annotation["Job"])
    code = None if task is None else failed_container(task).get("exitCode")
    reason, error = _reason(annotation, described, task), described.get("error")
    attempts = len(story.container_attempts) if "Attempts" in annotation else 0
    is_step = "Attempts" not in annotation and last is not None
    where = f" in step {last.state.removesuffix(ATTEMPT_SUFFIX)}" if is_step and last is not None and last.state else ""
    return Alert(
        headline=f"{annotation['Job']} {_ending(detail['status'], error, reason, task, where)}",
        headline_end=f" after {attempts} attempts" if attempts > 1 and detail["status"] == "FAILED" else "",
        project=project,
        machine=machine,
        error=error if error not in (None, TASK_FAILED, TIMEOUT) else None,
        reason=shown_reason(reason, code),
        exit_code=code,
        step=_step(project, last, task) if is_step else None,
        attempt=attempt_label(str(attempts), annotation) if attempts else None,
        times=run_times(annotation, described),
        run=run,
        lines=lines,
    )


def _ending(status: str, error: str | None, reason: str | None, task: Json | None, where: str) -> str:
    """Return how the run ended, and why: `failed: exit code 3`."""
    if status == "TIMED_OUT":
        return f"timed out: {reason}"
    return f"failed{where}{failure_words(error, reason, task)}"


def run_times(annotation: Json, described: Json) -> Times:
    """Return the times of a run; those of a redriven run are the times of its last part."""
    started = described.get("redriveDate") or described.get("startDate")
    ended = described.get("stopDate")
    return Times(
        scheduled=parse_iso_milliseconds(scheduled_time(described.get("input"))),
        started=None if started is None else to_milliseconds(started),
        ended=None if ended is None else to_milliseconds(ended),
        zone=annotation.get("Zone", UTC_NAME),
        redriven="redriveDate" in described,
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
    if described.get("error") == TIMEOUT:
        return timeout_reason(annotation, task or {})
    found = failure_reason(described.get("cause"), MAX_REASON_LENGTH)
    return stop_reason(task) if found is None and task is not None else found
