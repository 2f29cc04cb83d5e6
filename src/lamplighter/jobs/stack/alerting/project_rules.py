"""Build the rules of EventBridge on AWS: one for each kind of event, for all jobs of a project.

A rule starts a supporting machine, which finds the job that the event is about (`jobs/machine/job_table.py`). A rule
for each job would reach the quota of 300 rules for a bus, which an account shares. A rule lists the jobs if they are
few, because a pattern has at most 2,048 characters; else it matches the beginning of their names, and the machine
ignores what belongs to another project. See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.machine.failure_machine import TEST_RUN
from lamplighter.jobs.machine.job_table import FAILED_ALARM, NOT_STARTED_ALARM
from lamplighter.jobs.machine.supported_jobs import failure_channels, needs_start_alarm
from lamplighter.jobs.stack import arns
from lamplighter.jobs.stack.alerting import dead_letter_queues
from lamplighter.jobs.stack.intrinsic_functions import get_att, ref
from lamplighter.jobs.stack.resources import Resource, properties
from lamplighter.runs.jobs import job_machine

ALARM_PATHS = {"alarm": "$.detail.alarmName", "time": "$.time"}
MAX_LISTED_NAMES = 12
"""The most jobs that a pattern lists: their ARNs have up to 160 characters."""
RUN_PATHS = {"run": "$.detail.executionArn", "began": "$.detail.startDate", "ended": "$.detail.stopDate"}
"""The paths of the event of a run; its dates are milliseconds since the epoch."""
FAILURE_STOP_CODES = ["TaskFailedToStart", "SpotInterruption", "TerminationNotice", "InfrastructureHealth"]
"""Stop codes that always mean a failed attempt; UserInitiated only means that a caller stopped the task."""
STOPPED_BY_MACHINE = "The Task state in AWS Step Functions execution"
"""How the stopped reason begins if Step Functions stopped the task: after a timeout, or because its run was stopped."""


def project_rules(project: Project, supported: Mapping[str, Sequence[str]]) -> Iterator[Resource]:
    """Yield the rules of a project on AWS; `supported` are the jobs that each machine serves."""
    if jobs := supported.get(job_machine.FAILURE_CHECK):
        yield from _failure_rules(project, jobs)
    if jobs := supported.get(job_machine.ATTEMPT_CHECK):
        paths = {"task": "$.detail", "group": "$.detail.group"}
        yield _rule(project, "FailedAttempts", job_machine.ATTEMPT_CHECK, _failed_tasks(project, jobs), paths)
    if jobs := supported.get(job_machine.RECOVERY_CHECK):
        yield from _recovery_rules(project, jobs)


def _failure_rules(project: Project, jobs: Sequence[str]) -> Iterator[Resource]:
    yield from _missing_start_rules(project, [name for name in jobs if needs_start_alarm(project.jobs[name])])
    jobs = [name for name in jobs if failure_channels(project.jobs[name])]
    if not jobs:
        return
    runs = _runs_of_jobs(project, jobs, ["FAILED", "TIMED_OUT"])
    own = job_machine.machine_suffix(job_machine.FAILURE_CHECK)
    tests = {"prefix": arns.arn("states", f"execution:{project.prefix}{own}:{TEST_RUN}")}
    runs["detail"] = {"$or": [runs["detail"], {"executionArn": [tests], "status": ["SUCCEEDED"]}]}
    paths = {name: RUN_PATHS[name] for name in ("run", "ended")}
    yield _rule(project, "FailedRuns", job_machine.FAILURE_CHECK, runs, paths)
    paths = {"alarm": "$.detail.alarmName", "before": "$.detail.previousState"}
    pattern = _alarm_pattern(project, jobs, FAILED_ALARM)
    # A new alarm that found no failure is no news: 500 at once would be throttled.
    pattern["detail"]["$or"] = [{each: {"value": ["ALARM"]}} for each in ("state", "previousState")]
    yield _rule(project, "FailureAlarms", job_machine.FAILURE_CHECK, pattern, paths)


def _recovery_rules(project: Project, jobs: Sequence[str]) -> Iterator[Resource]:
    runs = _runs_of_jobs(project, jobs, ["SUCCEEDED"])
    yield _rule(project, "SucceededRuns", job_machine.RECOVERY_CHECK, runs, RUN_PATHS)
    if watched := [name for name in jobs if needs_start_alarm(project.jobs[name])]:
        pattern = _alarm_pattern(project, watched, NOT_STARTED_ALARM)
        pattern["detail"] |= {"state": {"value": ["OK"]}, "previousState": {"value": ["ALARM"]}}
        yield _rule(project, "StartsAgain", job_machine.RECOVERY_CHECK, pattern, ALARM_PATHS)


def _missing_start_rules(project: Project, jobs: Sequence[str]) -> Iterator[Resource]:
    if jobs:
        pattern = _alarm_pattern(project, jobs, NOT_STARTED_ALARM)
        pattern["detail"] |= {"state": {"value": ["ALARM"]}}
        yield _rule(project, "MissingStarts", job_machine.FAILURE_CHECK, pattern, ALARM_PATHS)


def run_pattern(machines: list[Json], statuses: list[str]) -> Json:
    """Match the runs of machines, given by their ARNs or by how these begin, that ended with one of the statuses."""
    return {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": machines, "status": statuses},
    }


def _runs_of_jobs(project: Project, jobs: Sequence[str], statuses: list[str]) -> Json:
    """Match the runs of jobs, and never those of supporting machines: a rule would start its own machine for ever."""
    if len(jobs) <= MAX_LISTED_NAMES:
        return run_pattern([arns.state_machine_arn(project, name) for name in jobs], statuses)
    pattern = run_pattern([{"prefix": arns.arn("states", f"stateMachine:{project.prefix}-")}], statuses)
    supporting = {"prefix": arns.arn("states", f"execution:{project.prefix}--")}
    pattern["detail"]["executionArn"] = [{"anything-but": supporting}]
    return pattern


def _alarm_pattern(project: Project, jobs: Sequence[str], end: str) -> Json:
    """Match the changes of state of those alarms of the jobs whose names have this end."""
    pattern: Json = {"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"]}
    if len(jobs) <= MAX_LISTED_NAMES:
        return {**pattern, "detail": {"alarmName": [f"{project.name(name)}{end}" for name in jobs]}}
    of_project = [{"prefix": arns.arn("cloudwatch", f"alarm:{project.prefix}-")}]
    return {**pattern, "resources": of_project, "detail": {"alarmName": [{"suffix": end}]}}


def _failed_tasks(project: Project, jobs: Sequence[str]) -> Json:
    """Match the tasks that may be failed attempts; ATTEMPT_CHECK knows which are."""
    clusters = {project.jobs[name].cluster: arns.cluster_arn(project.jobs[name]) for name in jobs}
    families: list[Json] = [{"prefix": f"family:{project.prefix}-"}]
    if len(jobs) <= MAX_LISTED_NAMES:
        families = [f"family:{project.name(name)}" for name in jobs]
    return failed_task_pattern(list(clusters.values()), families)


def failed_task_pattern(
    clusters: Sequence[Json], families: Sequence[Json], harmless_codes: Json = 0, *, timed_out: bool = True
) -> Json:
    """Match failed tasks: another exit code than the harmless ones, or the stop code of a task that did not start or
    whose capacity AWS reclaimed, or one that Step Functions stopped if `timed_out`.
    """
    stopped = [{"stopCode": ["UserInitiated"], "stoppedReason": [{"prefix": STOPPED_BY_MACHINE}]}]
    exited = {"stopCode": ["EssentialContainerExited"], "containers": {"exitCode": [{"anything-but": harmless_codes}]}}
    return {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {
            "clusterArn": clusters,
            "group": families,
            "lastStatus": ["STOPPED"],
            "$or": [exited, {"stopCode": FAILURE_STOP_CODES}, *(stopped if timed_out else [])],
        },
    }


def _rule(project: Project, title: str, machine: str, pattern: Json, paths: Mapping[str, str]) -> Resource:
    """Return the rule that starts a supporting machine with values of the event."""
    template = "{" + ",".join(f'"{name}":<{name}>' for name in paths) + "}"
    words = re.sub("(?<!^)([A-Z])", r"-\1", title).lower()
    return Resource(
        title,
        "AWS::Events::Rule",
        properties(
            Name=f"{project.prefix}--{words}",
            Description=f"Starts {project.prefix}{job_machine.machine_suffix(machine)}",
            EventPattern=pattern,
            Targets=[
                properties(
                    Id=machine.lower(),
                    Arn=ref(machine),
                    RoleArn=get_att("EventsRole", "Arn"),
                    InputTransformer=properties(InputPathsMap=dict(paths), InputTemplate=template),
                    DeadLetterConfig=dead_letter_queues.alert_dead_letters(),
                )
            ],
        ),
    )
