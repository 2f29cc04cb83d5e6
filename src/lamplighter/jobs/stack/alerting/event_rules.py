"""Build the rules of a job on this engine: they alert about attempts and runs (patterns 1 and 2), and about failures
that a run could not alert about itself.

A job that sends its own alerts (`notify: {caught: …}`) and has no other alert for failures gets a rule for failures
that no run can catch: its deadline, for "Step Functions catchers are … not [available] for top-level state machine
execution failures", and States.Runtime, which "States.ALL" does not catch either. This engine knows which alerts a run
has sent, and composes the alerts of a job's rules. On AWS, `project_rules.py` has the rules.
See https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html.
"""

import re
from collections.abc import Iterator, Sequence

from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.file.values import format_duration
from lamplighter.jobs.machine.expressions import ATTEMPT_INDEX, RUN_ARN_INDEX, SCHEDULED_INDEX
from lamplighter.jobs.machine.recovery_machine import retried_channels
from lamplighter.jobs.machine.supported_jobs import failure_channels, needs_failure_check
from lamplighter.jobs.stack import arns, console_links, roles, supporting_machines
from lamplighter.jobs.stack.alerting import alarms, dead_letter_queues
from lamplighter.jobs.stack.alerting.alarm_channels import groups
from lamplighter.jobs.stack.alerting.project_rules import failed_task_pattern, run_pattern
from lamplighter.jobs.stack.intrinsic_functions import ref, sub
from lamplighter.jobs.stack.resources import Resource, properties
from lamplighter.runs.jobs import job_machine
from lamplighter.runs.tasks.ecs_tasks import KILLED_EXIT_CODES

MAX_TARGETS = 5
"""The most targets of a rule: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""
_PLACEHOLDER = re.compile("<([a-z]+)>")
RUN_PATHS = {"run": "$.detail.executionArn", "status": "$.detail.status", "time": "$.time"}
"""The paths of the event that an alert about a run reads."""
LINK_LINE = f"Look at:   {names.placeholder(names.CONSOLE)}<run>"


def job_rules(project: Project, name: str) -> Iterator[Resource]:
    """Yield the rules of a job."""
    job, notify = project.jobs[name], project.jobs[name].notify
    if notify.attempt_failed and job.workflow is None:
        targets = _topic_targets(project, notify.attempt_failed, *_attempt_alert_lines(project, name))
        yield job_rule(project, name, "attempt-failed", _attempt_failed_pattern(project, name), targets)
    if channels := failure_channels(job):
        failed = run_pattern([ref(names.state_machine_id(name))], ["FAILED", "TIMED_OUT"])
        targets = _topic_targets(project, channels, RUN_PATHS, _run_alert_lines(project, name))
        title = "untold" if needs_failure_check(job) else "run-failed"
        yield job_rule(project, name, "run-failed", failed, targets, title=title)
    if notify.recovered:
        yield from _recovery_rules(project, name)


def _recovery_rules(project: Project, name: str) -> Iterator[Resource]:
    """Yield the rules that alert about a job that works again, and that starts again."""
    job = project.jobs[name]
    lines = (f"{name} <status>: it is not known whether it failed before", "", "Ended:     <time>",
             f"Project:   {project.prefix}", LINK_LINE)  # fmt: skip
    targets = _topic_targets(project, job.notify.recovered, RUN_PATHS, lines)
    succeeded = run_pattern([ref(names.state_machine_id(name))], ["SUCCEEDED"])
    yield job_rule(project, name, "recovered", succeeded, targets)
    for alarm in alarms.did_not_start_alarms(project, name, "here"):
        pattern = {
            "source": ["aws.cloudwatch"],
            "detail-type": ["CloudWatch Alarm State Change"],
            "resources": [arns.arn("cloudwatch", f"alarm:{alarm.properties['AlarmName']}")],
            "detail": {"state": {"value": ["OK"]}, "previousState": {"value": ["ALARM"]}},
        }
        text = (f"{name} starts again: a run has begun", "", "Time:      <time>", f"Project:   {project.prefix}")
        targets = _topic_targets(project, job.notify.recovered, {"time": "$.time"}, text)
        yield job_rule(project, name, "starts-again", pattern, targets)


def _run_alert_lines(project: Project, name: str) -> tuple[str, ...]:
    return (
        f"{name} <status>", "", "Ended:     <time>",
        *_time_limit_line(project.jobs[name]),
        f"Project:   {project.prefix}",
        *_link_lines(project, name),
    )  # fmt: skip


def _link_lines(project: Project, name: str) -> tuple[str, str]:
    """Return the lines with the link to the run, and with the command that runs the job again."""
    again = f"Run again: lamplighter run {project.name(name)}{names.placeholder(names.OPTIONS)}"
    return LINK_LINE, again


def supporting_rules(project: Project, machine: str, channels: Sequence[str]) -> Iterator[Resource]:
    """Yield the rules that alert about failures of a supporting machine: one rule for every five channels."""
    name = f"{project.prefix}{job_machine.machine_suffix(machine)}"
    lines = (f"{name} <status>: {supporting_machines.POSSIBLE_LOSS[machine]}", "", "Ended:     <time>", LINK_LINE)
    failed = run_pattern([arns.arn("states", f"stateMachine:{name}")], ["FAILED", "TIMED_OUT", "ABORTED"])
    for number, told in groups(channels, MAX_TARGETS):
        yield Resource(
            f"{machine}Failed{number}",
            "AWS::Events::Rule",
            properties(
                Name=f"{name}-failed{number}",
                Description=f"Tells where {name} fails",
                EventPattern=failed,
                Targets=_topic_targets(project, told, RUN_PATHS, lines),
            ),
        )


def _time_limit_line(job: Job) -> Iterator[str]:
    """Yield a line with the time limits of run and attempt, which explains a run that TIMED_OUT."""
    given = [("the run", job.deadline), ("an attempt", job.timeout)]
    phrases = [f"{what} may take {format_duration(limit)}" for what, limit in given if limit is not None]
    if phrases:
        yield f"Limits:    {', '.join(phrases)}"


def _attempt_alert_lines(project: Project, name: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the event's paths that an alert about an attempt reads, and the lines of the alert.

    ECS does not guarantee an order of several containers. With sidecars, no container's fields are read, so the run is
    missing, too. The time when the task was created is read, and not its start: a task that never started has none, and
    an input transformer cannot leave out a line.
    """
    most, headline = project.jobs[name].retry.max_retries + 1, f"{name}: an attempt failed"
    paths = {"reason": "$.detail.stoppedReason", "stop": "$.detail.stopCode", "task": "$.detail.taskArn"}
    if not project.jobs[name].sidecars:
        paths |= {
            "code": "$.detail.containers[0].exitCode",
            "attempt": _override_path(ATTEMPT_INDEX),
            "run": _override_path(RUN_ARN_INDEX),
            "scheduled": _override_path(SCHEDULED_INDEX),
        }
        headline = f"{name}: attempt <attempt> of {most} failed"
    paths |= {"created": "$.detail.createdAt", "ended": "$.detail.stoppedAt"}
    lines = (
        headline, "", "Reason:    <reason>", "Exit code: <code>", f"Attempt:   <attempt> of {most}",
        "Scheduled: <scheduled>", "Created:   <created>", "Ended:     <ended>", "Stop code: <stop>",
        "Task:      <task>", f"Project:   {project.prefix}", *_link_lines(project, name),
    )  # fmt: skip
    return paths, tuple(line for line in lines if all(each in paths for each in _PLACEHOLDER.findall(line)))


def _override_path(index: int) -> str:
    """Return the path of an environment variable that the attempt's overrides contain."""
    return f"$.detail.overrides.containerOverrides[0].environment[{index}].value"


def _attempt_failed_pattern(project: Project, name: str) -> Json:
    """Match an attempt that failed.

    Sidecars are stopped when the job ends, and a pattern cannot tell whose exit code it matches. So a job with sidecars
    gets no alert for an attempt that was itself killed. A pattern cannot tell an attempt that timed out from an attempt
    whose run was stopped, either. A job with a timeout gets an alert for both, because an unreported hang is worse.
    This engine can tell them apart.
    """
    job = project.jobs[name]
    harmless_codes = [0, *KILLED_EXIT_CODES] if job.sidecars else 0
    families = [f"family:{project.name(name)}"]
    return failed_task_pattern([arns.cluster_arn(job)], families, harmless_codes, timed_out=job.timeout is not None)


def job_rule(
    project: Project, name: str, pattern: str, event_pattern: Json, targets: Json, *, title: str | None = None
) -> Resource:
    """Return a rule of a job; `title` is the end of its name if that is not `pattern`."""
    title = title or pattern
    return Resource(
        f"{names.logical_id(name)}{names.logical_id(title)}",
        "AWS::Events::Rule",
        properties(
            Name=f"{project.name(name)}-{title}",
            Description=f"Tells of the job {name}: {pattern}",
            EventPattern=event_pattern,
            Targets=targets,
        ),
        job=name,
        engine_metadata={"Job": name, "Pattern": pattern, **_engine_metadata(project, name)},
    )


def _topic_targets(
    project: Project, channels: Sequence[str], paths: dict[str, str], lines: tuple[str, ...]
) -> list[Json]:
    """Return topics as targets.

    They have no RoleArn: for targets with their own policies "event delivery may fail" with one
    (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html).
    """
    text = _substitute("\n".join(map(dumps, lines)), console_links.placeholder_values("here"))
    transformer = properties(InputPathsMap=paths, InputTemplate=text)
    return [
        properties(
            Id=channel,
            Arn=arns.topic_arn(project, channel),
            InputTransformer=transformer,
            DeadLetterConfig=dead_letter_queues.alert_dead_letters(),
        )
        for channel in channels
    ]


def _engine_metadata(project: Project, name: str) -> Json:
    """Return the metadata with which this engine composes alerts.

    It has the number of attempts, the time limits of attempts and run, the channels that the run alerts itself, and
    those that are alerted about its attempts and about recoveries.
    """
    job = project.jobs[name]
    limits = {each: project.jobs[each].timeout for each in roles.container_jobs(project, name)}
    known = {
        "Attempts": None if job.workflow is not None else job.retry.max_retries + 1,
        "Timeouts": {project.name(each): format_duration(limit) for each, limit in limits.items() if limit is not None},
        "Deadline": None if job.deadline is None else format_duration(job.deadline),
        "Zone": None if job.timezone == "UTC" else job.timezone,
        "Skips": job.heartbeat is not None and job.overlap == "skip",
        "Late": job.late if job.notify.late else None,
        "Missed": job.missed.run if job.notify.recovered and job.missed.run != "last" else None,
        "Caught": list(job.notify.caught),
        "Retried": list(retried_channels(job)),
        "Essential": [title for title, sidecar in job.sidecars.items() if sidecar.essential],
    }
    return {key: value for key, value in known.items() if value}


def _substitute(text: str, values: dict[str, Json]) -> Json:
    used = {name: value for name, value in values.items() if names.placeholder(name) in text}
    return sub(text, used) if used else text
