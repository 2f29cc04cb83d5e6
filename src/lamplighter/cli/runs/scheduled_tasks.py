"""Find the tasks that schedules and rules start without a state machine, as ECS scheduled tasks on AWS.

Such a job has no name of its own; it is called by the family of its task definition, as in the metrics. Guarantees to
find the schedules of every group, with a templated target or a universal one, and the rules with a schedule. Leaves out
a target that names no task definition, and what is deleted meanwhile.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/tasks-scheduled-eventbridge-scheduler.html.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from lamplighter.base.json_text import Json, loads_or
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.runs.job_schedules import read_rule_targets, read_schedules
from lamplighter.runs.schedules import schedule_timetable
from lamplighter.runs.upcoming_times import Timetable

RUN_TASK = ":aws-sdk:ecs:runTask"
"""The ending of the ARN of a universal target that starts tasks."""


@dataclass(frozen=True, slots=True)
class ScheduledTask:
    """The tasks of a family that schedules and rules start in a cluster."""

    family: str
    cluster: str
    """The name or the ARN of the cluster."""
    timetables: tuple[Timetable, ...]


def find_scheduled_tasks(context: CommandContext) -> list[ScheduledTask]:
    """Return the scheduled tasks of the target, by family and cluster."""
    found: dict[tuple[str, str], ScheduledTask] = {}
    for each in (*_tasks_of_schedules(context), *_tasks_of_rules(context)):
        key = (each.family, each.cluster.rpartition("/")[2])
        known = found.setdefault(key, replace(each, timetables=()))
        found[key] = replace(known, timetables=(*known.timetables, *each.timetables))
    return [found[key] for key in sorted(found)]


def _tasks_of_schedules(context: CommandContext) -> Iterator[ScheduledTask]:
    def may_start_tasks(target: Json) -> bool:
        return _is_cluster(target["Arn"]) or target["Arn"].endswith(RUN_TASK)

    for schedule in read_schedules(context, may_start_tasks):
        started = _started_task(schedule["Target"])
        if started is not None:
            yield ScheduledTask(*started, (schedule_timetable(schedule),))


def _tasks_of_rules(context: CommandContext) -> Iterator[ScheduledTask]:
    events = context.target.client("events")
    rules = (each for page in events.get_paginator("list_rules").paginate() for each in page["Rules"])
    for rule in (each for each in rules if each.get("ScheduleExpression")):
        table = Timetable(rule["ScheduleExpression"], enabled=rule["State"] != "DISABLED")
        for target in read_rule_targets(context, rule["Name"]):
            started = _started_task(target)
            if started is not None:
                yield ScheduledTask(*started, (table,))


def _started_task(target: Json) -> tuple[str, str] | None:
    """Return the family and the cluster of the task that a target starts, or None if it starts something else."""
    definition, cluster = _definition_and_cluster(target)
    family = _family(definition) if isinstance(definition, str) else ""
    return (family, cluster) if family else None


def _definition_and_cluster(target: Json) -> tuple[Json, str]:
    if _is_cluster(target["Arn"]) and "EcsParameters" in target:
        return target["EcsParameters"]["TaskDefinitionArn"], target["Arn"]
    request = loads_or(target.get("Input") or "", None) if target["Arn"].endswith(RUN_TASK) else None
    given: Mapping[str, Json] = (
        {key.lower(): value for key, value in request.items()} if isinstance(request, dict) else {}
    )
    return given.get("taskdefinition"), str(given.get("cluster") or "default")


def _is_cluster(arn: str) -> bool:
    return ":ecs:" in arn and ":cluster/" in arn


def _family(definition: str) -> str:
    """Return the family in the ARN or the short name of a task definition, with or without a revision."""
    return definition.rpartition("/")[2].partition(":")[0]
