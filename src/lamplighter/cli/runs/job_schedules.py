"""Find what starts a state machine: schedules of EventBridge Scheduler, and rules with a schedule expression.

Guarantees to find the schedules of every group that start a state machine, by a templated target or a universal one.
Does not compute when a rule's rate is due, because AWS does not state from when the rate counts.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from lamplighter.base.json_text import Json
from lamplighter.cli.runs.find_job import Machine
from lamplighter.cli.runs.site import Site
from lamplighter.runs.schedules import names_target_in_input, schedule_timetable, started_arn
from lamplighter.runs.upcoming_times import Timetable


def timetables_of(site: Site, machines: Iterable[Machine]) -> Mapping[str, list[Timetable]]:
    """Return the timetables of state machines, by ARN."""
    wanted = {each.arn for each in machines}
    found: dict[str, list[Timetable]] = defaultdict(list)
    for arn, schedule in _schedules(site, wanted):
        found[arn].append(schedule_timetable(schedule))
    for arn in sorted(wanted):
        found[arn] += _rules(site, arn)
    return found


def job_targets(site: Site, machine: Machine) -> tuple[list[Json], list[Json]]:
    """Return the targets that start a state machine: those of schedules, and those of rules."""
    schedules = [schedule["Target"] for _, schedule in _schedules(site, {machine.arn})]
    events = site.target.client("events")
    names = events.list_rule_names_by_target(TargetArn=machine.arn)["RuleNames"]
    listed = [each for name in names for each in events.list_targets_by_rule(Rule=name)["Targets"]]
    return schedules, [each for each in listed if each["Arn"] == machine.arn]


def _schedules(site: Site, wanted: set[str]) -> Iterator[tuple[str, Json]]:
    scheduler = site.target.client("scheduler")
    for page in scheduler.get_paginator("list_schedules").paginate():
        for each in page["Schedules"]:
            if not names_target_in_input(each["Target"]) and started_arn(each["Target"]) not in wanted:
                continue
            whole = scheduler.get_schedule(Name=each["Name"], GroupName=each["GroupName"])
            arn = started_arn(whole["Target"])
            if arn in wanted:
                yield arn, whole


def _rules(site: Site, arn: str) -> Iterator[Timetable]:
    events = site.target.client("events")
    for name in events.list_rule_names_by_target(TargetArn=arn)["RuleNames"]:
        rule = events.describe_rule(Name=name)
        if rule.get("ScheduleExpression"):
            yield Timetable(rule["ScheduleExpression"], enabled=rule["State"] != "DISABLED")
