"""Find the tasks that schedules and rules start without a state machine, as ECS scheduled tasks on AWS.

Guarantees to find the schedules of every group and the rules with a schedule. Leaves out what is deleted meanwhile.
"""

from collections.abc import Iterator

from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.runs.job_schedules import read_scheduled_rules, read_schedules
from lamplighter.runs.tasks.scheduled_tasks import (
    ScheduledTask,
    TaskStarter,
    may_start_tasks,
    rule_starters,
    schedule_starter,
    to_scheduled_tasks,
)


def find_scheduled_tasks(context: CommandContext) -> list[ScheduledTask]:
    """Return the scheduled tasks of the target, by family and cluster."""
    return to_scheduled_tasks((*_schedules(context), *_rules(context)))


def _schedules(context: CommandContext) -> Iterator[TaskStarter]:
    for schedule in read_schedules(context, may_start_tasks):
        starter = schedule_starter(schedule)
        if starter is not None:
            yield starter


def _rules(context: CommandContext) -> Iterator[TaskStarter]:
    for rule, targets in read_scheduled_rules(context):
        yield from rule_starters(rule, targets)
