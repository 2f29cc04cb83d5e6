"""When a state machine is started, by what EventBridge knows: schedules of Scheduler, and rules that go by a schedule.

Promises to find the schedules of every group that start a machine, by a templated target or a universal one. Refuses to
tell when a rule's rate is due, because AWS does not say from when it counts.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from lamplighter.base.jsontext import Json
from lamplighter.cli.watch.machines import Machine
from lamplighter.cli.watch.site import Site
from lamplighter.jobs import scheduled
from lamplighter.jobs.scheduled import is_open, started, timetable
from lamplighter.jobs.times import Timetable


def of(site: Site, machines: Iterable[Machine]) -> Mapping[str, list[Timetable]]:
    """The timetables of machines, by their ARNs."""
    wanted = {each.arn for each in machines}
    found: dict[str, list[Timetable]] = defaultdict(list)
    for arn, schedule in _schedules(site, wanted):
        found[arn].append(timetable(schedule))
    for arn in sorted(wanted):
        found[arn] += _rules(site, arn)
    return found


def given(site: Site, machine: Machine) -> Json:
    """The input that a schedule starts a machine with; {} where none does."""
    found = (scheduled.given(schedule["Target"]) for _, schedule in _schedules(site, {machine.arn}))
    return next(found, {})


def _schedules(site: Site, wanted: set[str]) -> Iterator[tuple[str, Json]]:
    scheduler = site.target.client("scheduler")
    for page in scheduler.get_paginator("list_schedules").paginate():
        for each in page["Schedules"]:
            if not is_open(each["Target"]) and started(each["Target"]) not in wanted:
                continue
            whole = scheduler.get_schedule(Name=each["Name"], GroupName=each["GroupName"])
            arn = started(whole["Target"])
            if arn in wanted:
                yield arn, whole


def _rules(site: Site, arn: str) -> Iterator[Timetable]:
    events = site.target.client("events")
    for name in events.list_rule_names_by_target(TargetArn=arn)["RuleNames"]:
        rule = events.describe_rule(Name=name)
        if rule.get("ScheduleExpression"):
            yield Timetable(rule["ScheduleExpression"], enabled=rule["State"] != "DISABLED")
