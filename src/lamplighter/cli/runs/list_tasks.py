"""Read the tasks of a scheduled task, newest first: from an engine, which keeps them as runs, or from AWS.

AWS forgets a stopped task after an hour. A task that a state machine started belongs to a run, and is left out. A
schedule may name a cluster that does not exist, or one of another account; such a cluster has no tasks.
"""

from collections.abc import Iterator

from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import ignore_error
from lamplighter.cli.command_context import CommandContext
from lamplighter.runs.history.waiting import MAX_DESCRIBED
from lamplighter.runs.tasks.ecs_tasks import STARTED_BY_STATE_MACHINE
from lamplighter.runs.tasks.scheduled_tasks import TaskFamily
from lamplighter.runs.tasks.task_run import NO_SUCH_CLUSTER, TaskRun, to_task_run

MAX_LISTED_TASKS = 100
"""The most tasks of a family among which those under way, and the one that ended last, are searched."""


def list_task_runs(context: CommandContext, family: TaskFamily, most: int = MAX_LISTED_TASKS) -> list[TaskRun]:
    """Return the newest tasks of a family that no state machine started."""
    tasks = _engine_tasks(context, family, most)
    if tasks is None:
        tasks = [each for status in ("RUNNING", "STOPPED") for each in _listed_tasks(context, family, status)]
    runs = sorted(map(to_task_run, tasks), key=lambda run: run.began, reverse=True)
    return runs[:most]


def _engine_tasks(context: CommandContext, family: TaskFamily, most: int) -> Json:
    """Return the tasks that an engine keeps; None if the target has no such list."""
    given = {"Cluster": family.cluster, "Family": family.family, "Limit": most}
    answer = context.call_internal("ecs", "ListScheduledTasks", **given)
    return answer and answer["Tasks"]  # without an answer, for a cluster that does not exist, ListTasks says so


def _listed_tasks(context: CommandContext, family: TaskFamily, status: str) -> Iterator[Json]:
    where = {"cluster": family.cluster, "family": family.family, "desiredStatus": status}
    arns: list[str] = []
    with ignore_error(*NO_SUCH_CLUSTER):
        for page in context.ecs.get_paginator("list_tasks").paginate(**where):
            arns += page["taskArns"]
    for at in range(0, len(arns), MAX_DESCRIBED):
        found = context.ecs.describe_tasks(cluster=family.cluster, tasks=arns[at : at + MAX_DESCRIBED])["tasks"]
        yield from (each for each in found if each.get("startedBy") != STARTED_BY_STATE_MACHINE)
