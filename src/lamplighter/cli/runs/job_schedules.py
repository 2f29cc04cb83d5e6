"""Find what starts a state machine: schedules of EventBridge Scheduler, and rules with a schedule expression.

Guarantees to find the schedules of every group that start a state machine, by a templated target or a universal one.
A schedule or rule that is deleted while they are read is left out. Does not compute when a rule's rate is due, because
AWS does not state from when the rate counts.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import RESOURCE_NOT_FOUND, ignore_error
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.internal_calls import read_from_engine
from lamplighter.cli.runs.find_job import Machine
from lamplighter.runs.jobs.schedules import names_target_in_input, schedule_timetable, started_arn
from lamplighter.runs.jobs.upcoming_times import Timetable


def find_timetables(context: CommandContext, machines: Iterable[Machine]) -> Mapping[str, list[Timetable]]:
    """Return the timetables of state machines, by ARN."""
    arns = {each.arn for each in machines}
    found: dict[str, list[Timetable]] = defaultdict(list)
    for arn, schedule in _find_schedules(context, arns):
        found[arn].append(schedule_timetable(schedule))
    for rule, targets in read_scheduled_rules(context):
        for arn in arns & {each["Arn"] for each in targets}:
            found[arn].append(Timetable(rule["ScheduleExpression"], enabled=rule["State"] != "DISABLED"))
    return found


def job_targets(context: CommandContext, machine: Machine) -> tuple[list[Json], list[Json]]:
    """Return the targets that start a state machine: those of schedules, and those of rules."""
    schedules = [schedule["Target"] for _, schedule in _find_schedules(context, {machine.arn})]
    events = context.target.client("events")
    names = events.list_rule_names_by_target(TargetArn=machine.arn)["RuleNames"]
    listed = [each for name in names for each in read_rule_targets(context, name)]
    return schedules, [each for each in listed if each["Arn"] == machine.arn]


def read_schedules(context: CommandContext, is_wanted: Callable[[Json], bool]) -> Iterator[Json]:
    """Yield the schedules whose target is wanted, as GetSchedule returns them; `is_wanted` sees the target's ARN."""
    answer = read_from_engine(context.target, "scheduler", "DescribeSchedules")
    while answer is not None:
        yield from (each for each in answer["Schedules"] if is_wanted(each["Target"]))
        if "NextToken" not in answer:
            return
        answer = read_from_engine(context.target, "scheduler", "DescribeSchedules", NextToken=answer["NextToken"])
    scheduler = context.target.client("scheduler")
    for page in scheduler.get_paginator("list_schedules").paginate():
        for each in (each for each in page["Schedules"] if is_wanted(each["Target"])):
            with ignore_error(RESOURCE_NOT_FOUND):
                yield scheduler.get_schedule(Name=each["Name"], GroupName=each["GroupName"])


def read_scheduled_rules(context: CommandContext) -> Iterator[tuple[Json, list[Json]]]:
    """Yield the rules that have a schedule, each with its targets."""
    for page in context.target.client("events").get_paginator("list_rules").paginate():
        for rule in (each for each in page["Rules"] if each.get("ScheduleExpression")):
            yield rule, list(read_rule_targets(context, rule["Name"]))


def read_rule_targets(context: CommandContext, rule: str) -> Iterator[Json]:
    """Yield the targets of a rule; none if it was deleted."""
    with ignore_error(RESOURCE_NOT_FOUND):
        yield from context.target.client("events").list_targets_by_rule(Rule=rule)["Targets"]


def _find_schedules(context: CommandContext, arns: set[str]) -> Iterator[tuple[str, Json]]:
    def is_wanted(target: Json) -> bool:
        return names_target_in_input(target) or started_arn(target) in arns

    for schedule in read_schedules(context, is_wanted):
        arn = started_arn(schedule["Target"])
        if arn in arns:
            yield arn, schedule
