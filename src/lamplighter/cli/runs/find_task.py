"""Find the task of the argument RUN if it is no run of a state machine: an ARN, an id, `FAMILY`, or `FAMILY:ID`.

The family is that of a task definition which a schedule or a rule starts without a state machine. Guarantees that the
error for a task that AWS may have forgotten says so.
"""

import re
from dataclasses import dataclass

from lamplighter.base.aws import arn as arns
from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import ignore_error
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.runs import find_run
from lamplighter.cli.runs.find_job import NoSuchJob
from lamplighter.cli.runs.find_run import NoSuchRun
from lamplighter.cli.runs.list_tasks import list_task_runs
from lamplighter.cli.runs.scheduled_tasks import find_scheduled_tasks
from lamplighter.runs.history.waiting import cluster_of_task
from lamplighter.runs.jobs.heartbeat import UUID
from lamplighter.runs.run import Run
from lamplighter.runs.tasks.scheduled_tasks import ScheduledTask
from lamplighter.runs.tasks.task_run import NO_SUCH_CLUSTER, TaskRun, to_task_run

TASK_ID = re.compile("[0-9a-f]{32}")
"""The ids that ECS gives to tasks. Runs are rarely called so, and would be sought in every state machine."""
FORGOTTEN = "AWS forgets a stopped task after an hour; its output stays in its log group"


@dataclass(frozen=True, slots=True)
class FoundTask:
    """A task, as DescribeTasks describes it and as a run."""

    described: Json
    run: TaskRun

    @property
    def label(self) -> str:
        """What commands accept as its name."""
        return f"{self.run.family}:{self.run.name}"


def find_run_or_task(context: CommandContext, argument: str) -> Run | FoundTask:
    """Return the run or the task that a text names; raise `NoSuchRun` or `NoSuchJob` if there is none."""
    parsed = arns.parse(argument)
    if parsed is not None and parsed.service == "ecs":
        return _task_of_arn(context, argument)
    if TASK_ID.fullmatch(argument) and (found := _search_clusters(context, argument)) is not None:
        return found
    try:
        return find_run.find_run(context, argument)
    except (NoSuchJob, NoSuchRun):
        # The ids of long-lived clusters' tasks are UUIDs, and so are the usual names of runs.
        if UUID.fullmatch(argument) and (found := _search_clusters(context, argument)) is not None:
            return found
        family, _, name = argument.partition(":")
        jobs = find_families(context, family)
        if not jobs:
            raise
        return _task_of_family(context, jobs, name) if name else _latest_task(context, jobs)


def find_families(context: CommandContext, name: str) -> list[ScheduledTask]:
    """Return the scheduled tasks of a family: one for each cluster, none if no schedule or rule starts it."""
    return [each for each in find_scheduled_tasks(context) if each.name == name]


def running_tasks(context: CommandContext, jobs: list[ScheduledTask]) -> list[TaskRun]:
    """Return the tasks of a family that are under way."""
    return [run for each in jobs for run in list_task_runs(context, each.family) if run.running]


def describe_tasks(context: CommandContext, task_arns: list[str]) -> list[FoundTask]:
    """Return tasks of one cluster as they are now; without those that are forgotten."""
    return _describe_in(context, cluster_of_task(task_arns[0]), task_arns)


def _task_of_arn(context: CommandContext, arn: str) -> FoundTask:
    if not re.fullmatch("task/.+", arn.split(":", 5)[5]):
        raise NoSuchRun(f"{arn} is no task: name a task's ARN or id, FAMILY, or FAMILY:ID")
    for found in describe_tasks(context, [arn]):
        return found
    raise NoSuchRun(_missing_message(context, arn))


def _task_of_family(context: CommandContext, jobs: list[ScheduledTask], name: str) -> FoundTask:
    for each in jobs:
        for task in _describe_in(context, each.family.cluster, [name]):
            return task
    raise NoSuchRun(_missing_message(context, f"{jobs[0].name}:{name}"))


def _latest_task(context: CommandContext, jobs: list[ScheduledTask]) -> FoundTask:
    runs = [run for each in jobs for run in list_task_runs(context, each.family, 1)]
    latest = max(runs, key=lambda run: run.began, default=None)
    if latest is None:
        forgotten = f" ({FORGOTTEN})" if context.target.endpoint is None else ""
        name = jobs[0].name
        raise NoSuchRun(f"{name} has no tasks{forgotten}: start one with `{context.hint(f'run {name}')}`")
    return _task_of_arn(context, latest.arn)


def _search_clusters(context: CommandContext, name: str) -> FoundTask | None:
    pages = context.ecs.get_paginator("list_clusters").paginate()
    clusters = [arn for page in pages for arn in page["clusterArns"]]
    return next((task for cluster in clusters for task in _describe_in(context, cluster, [name])), None)


def _describe_in(context: CommandContext, cluster: str, names: list[str]) -> list[FoundTask]:
    found: list[Json] = []
    with ignore_error(*NO_SUCH_CLUSTER):
        found = context.ecs.describe_tasks(cluster=cluster, tasks=names)["tasks"]
    return [FoundTask(each, to_task_run(each)) for each in found]


def _missing_message(context: CommandContext, name: str) -> str:
    forgotten = f" {FORGOTTEN}." if context.target.endpoint is None else ""
    return f"{context.target} has no task {name}: `{context.hint('ps --all')}` lists the latest.{forgotten}"
