"""Say which ECS tasks the target of a schedule or a rule starts without a state machine: a family in a cluster. Pure.

Such a job has no name of its own; it is called by the family of its task definition, as in the metrics. Reads the
targets as GetSchedule and ListTargetsByRule return them. Knows templated targets and universal ones; a target that
names no task definition starts nothing. See
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/tasks-scheduled-eventbridge-scheduler.html.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lamplighter.base.group_items import group_items
from lamplighter.base.json_text import Json, loads_or
from lamplighter.runs.jobs.schedules import schedule_timetable
from lamplighter.runs.jobs.upcoming_times import Timetable

RUN_TASK = ":aws-sdk:ecs:runTask"
"""The ending of the ARN of a universal target that starts tasks."""
DEFAULT_CLUSTER = "default"


@dataclass(frozen=True, slots=True)
class TaskFamily:
    """The tasks of a family in a cluster: what a schedule or a rule starts instead of a state machine."""

    family: str
    cluster: str
    """The name or the ARN of the cluster."""

    @property
    def cluster_name(self) -> str:
        """The name of the cluster."""
        return self.cluster.rpartition("/")[2]

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from other families: two targets may name one cluster in two ways."""
        return self.family, self.cluster_name


def may_start_tasks(target: Json) -> bool:
    """Return whether a target may start tasks, by its ARN: a list of schedules contains no more."""
    return _is_cluster(target["Arn"]) or is_universal(target)


def is_universal(target: Json) -> bool:
    """Return whether a target calls RunTask itself. Such a task does not state in `startedBy` what started it."""
    return str(target["Arn"]).endswith(RUN_TASK)


def started_family(target: Json) -> TaskFamily | None:
    """Return the tasks that a target starts, or None if it starts something else."""
    definition, cluster = _definition_and_cluster(target)
    family = family_of_definition(definition) if isinstance(definition, str) else ""
    return TaskFamily(family, cluster) if family else None


def universal_parameters(target: Json) -> Mapping[str, Json]:
    """Return the parameters of RunTask in a universal target's input; the case of their first letters is ignored."""
    given = loads_or(target.get("Input") or "", None)
    return {f"{name[:1].lower()}{name[1:]}": value for name, value in given.items()} if isinstance(given, dict) else {}


def family_of_definition(definition: str) -> str:
    """Return the family in the ARN or the short name of a task definition, with or without a revision."""
    return definition.rpartition("/")[2].partition(":")[0]


@dataclass(frozen=True, slots=True)
class TaskStarter:
    """A schedule or a rule that starts the tasks of a family."""

    family: TaskFamily
    kind: str
    """schedule or rule"""
    definition: Json
    """The schedule as GetSchedule returns it, or the rule as ListRules does."""
    target: Json

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.definition["Name"])

    @property
    def arn(self) -> str:
        """Its ARN."""
        return str(self.definition["Arn"])

    @property
    def id(self) -> str:
        """What tells it from other starters: its ARN, and the target's id, because a rule may have several targets."""
        return f"{self.arn}#{self.target.get('Id', '')}"

    @property
    def definition_name(self) -> str:
        """The ARN or the name of the task definition."""
        return str(_definition_and_cluster(self.target)[0])

    @property
    def timetable(self) -> Timetable:
        """When it starts tasks."""
        if self.kind == "schedule":
            return schedule_timetable(self.definition)
        return Timetable(self.definition["ScheduleExpression"], enabled=self.definition["State"] != "DISABLED")


@dataclass(frozen=True, slots=True)
class ScheduledTask:
    """A job without a state machine: the tasks of a family, and the schedules and rules that start them."""

    family: TaskFamily
    starters: tuple[TaskStarter, ...]

    @property
    def name(self) -> str:
        """What people call the job: its family."""
        return self.family.family

    @property
    def timetables(self) -> tuple[Timetable, ...]:
        """When it starts."""
        return tuple(each.timetable for each in self.starters)


def schedule_starter(schedule: Json) -> TaskStarter | None:
    """Return what a schedule of GetSchedule starts; None if it starts no task."""
    family = started_family(schedule["Target"])
    return None if family is None else TaskStarter(family, "schedule", schedule, schedule["Target"])


def rule_starters(rule: Json, targets: Iterable[Json]) -> Iterator[TaskStarter]:
    """Yield what the targets of a rule start, if it is a rule with a schedule; events start no job."""
    for target in targets if rule.get("ScheduleExpression") else ():
        if (family := started_family(target)) is not None:
            yield TaskStarter(family, "rule", rule, target)


def to_scheduled_tasks(starters: Iterable[TaskStarter]) -> list[ScheduledTask]:
    """Return the scheduled tasks by family and cluster, each with all that starts it."""
    found = group_items(starters, lambda each: each.family.key)
    return [ScheduledTask(found[key][0].family, tuple(found[key])) for key in sorted(found)]


def _definition_and_cluster(target: Json) -> tuple[Json, str]:
    if _is_cluster(target["Arn"]) and "EcsParameters" in target:
        return target["EcsParameters"]["TaskDefinitionArn"], target["Arn"]
    given = universal_parameters(target) if is_universal(target) else {}
    return given.get("taskDefinition"), str(given.get("cluster") or DEFAULT_CLUSTER)


def _is_cluster(arn: str) -> bool:
    return ":ecs:" in arn and ":cluster/" in arn
