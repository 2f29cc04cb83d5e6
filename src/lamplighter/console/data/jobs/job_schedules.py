"""Find the schedules of EventBridge Scheduler and the rules of EventBridge that start a job, and their next times.

Finds schedules that start the state machine directly, by a universal target, or through the project's start machine,
and rules that target it. AWS can filter schedules by name only. If there are more than `MAX_SCHEDULES`, a further
schedule is found only if its name begins with the job's.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls
from lamplighter.runs.jobs.schedules import names_target_in_input, schedule_timetable, started_arn
from lamplighter.runs.jobs.upcoming_times import Timetable, upcoming_times

PAGE_SIZE, MAX_SCHEDULES = 100, 1000
UPDATE_FIELDS = (
    "Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "EndDate", "Description",
    "KmsKeyArn", "Target", "FlexibleTimeWindow", "ActionAfterCompletion",
)  # fmt: skip
"""The fields that UpdateSchedule must repeat, because it resets those that are missing."""


@dataclass(frozen=True, slots=True)
class JobSchedule:
    """A schedule or rule that starts a job."""

    arn: str
    kind: str
    """schedule or rule"""
    name: str
    expression: str
    zone: str
    enabled: bool
    next: float | None
    """The next time in seconds since the epoch. None if there is none or it is unknown."""
    timetable: Timetable | None = None
    """The times of the schedule, or None if they are unknown."""


async def list_schedules(calls: Calls) -> Sequence[Json] | None:
    """Return the schedules of a place; None if the credentials do not allow it.

    An engine describes all of them, with `Starts`; AWS lists the first ones, as ListSchedules has them.
    """
    found: list[Json] = []
    token: dict[str, str] = {}
    while True:
        answer = await calls.call_internal("scheduler", "DescribeSchedules", **token)
        if answer is None and len(found) < MAX_SCHEDULES:
            answer = await calls.call_if_readable("scheduler", "ListSchedules", MaxResults=PAGE_SIZE, **token)
        if answer is None:
            return found or None
        found += answer["Schedules"]
        if not answer.get("NextToken"):
            return found
        token = {"NextToken": answer["NextToken"]}


async def job_targets(calls: Calls, machine: str) -> tuple[Sequence[Json], Sequence[Json]]:
    """Return the targets that start a state machine: those of schedules, and those of rules."""
    found = [each["Target"] for each in await _schedules_of_machine(calls, machine, await list_schedules(calls))]
    listed = await asyncio.gather(*(rule_targets(calls, name) for name in await _rule_names(calls, machine)))
    return found, [each for targets in listed for each in targets if each["Arn"] == machine]


async def _rule_names(calls: Calls, machine: str) -> Sequence[str]:
    """Return the names of the rules that target a state machine."""
    named = await calls.call_if_readable("events", "ListRuleNamesByTarget", TargetArn=machine)
    names: Sequence[str] = named["RuleNames"] if named else ()
    return names


async def rule_targets(calls: Calls, rule: str) -> Sequence[Json]:
    """Return the targets of a rule; none if the credentials do not allow it."""
    found = await calls.call_if_readable("events", "ListTargetsByRule", Rule=rule)
    listed: Sequence[Json] = found["Targets"] if found else ()
    return listed


async def find_job_schedules(
    calls: Calls, machine: str, known: Sequence[Json] | None, rules: Sequence[Json] | None = None
) -> Sequence[JobSchedule]:
    """Return the schedules and rules that start a state machine at certain times, next one first.

    `known` is from `list_schedules`, `rules` from `list_rules`, which is called if they are None.
    """
    now = calls.console.world.now()
    rules = await list_rules(calls, machine) if rules is None else rules
    found = [from_schedule(each, now) for each in await _schedules_of_machine(calls, machine, known)]
    found += [from_rule(each, now) for each in rules if each.get("ScheduleExpression")]
    return sort_schedules(found)


def sort_schedules(found: Iterable[JobSchedule]) -> Sequence[JobSchedule]:
    """Return schedules in the order of their next times; paused ones are last."""
    return sorted(found, key=lambda entry: (not entry.enabled, entry.next is None, entry.next or 0, entry.name))


async def list_rules(calls: Calls, machine: str) -> Sequence[Json]:
    """Return the rules that target a state machine, as DescribeRule describes them."""
    names = await _rule_names(calls, machine)
    found = await asyncio.gather(*(calls.call_if_readable("events", "DescribeRule", Name=name) for name in names))
    return [each for each in found if each]


async def _schedules_of_machine(calls: Calls, machine: str, known: Sequence[Json] | None) -> Sequence[Json]:
    known = known or ()
    mine = [each for each in known if _may_start(each, machine)]
    if len(known) >= MAX_SCHEDULES and "Starts" not in known[0]:
        named = await calls.call(
            "scheduler", "ListSchedules", NamePrefix=machine.rpartition(":")[2], MaxResults=PAGE_SIZE
        )
        mine = list({each["Arn"]: each for each in [*mine, *named["Schedules"]] if _may_start(each, machine)}.values())
    details = await asyncio.gather(*(read_schedule(calls, each) for each in mine))
    return [each for each in details if each and started_arn(each["Target"]) == machine]


async def read_schedule(calls: Calls, summary: Json) -> Json:
    """Return a schedule of `list_schedules` as GetSchedule has it; None if it was deleted, or may not be read."""
    if "Starts" in summary:
        return summary
    return await calls.call_or_none("scheduler", "GetSchedule", Name=summary["Name"], GroupName=summary["GroupName"])


async def set_enabled(calls: Calls, arn: str, kind: str, *, enabled: bool) -> None:
    """Resume or pause a schedule or rule."""
    name = arn.rpartition("/")[2]
    if kind == "rule":
        await calls.call("events", "EnableRule" if enabled else "DisableRule", Name=name)
        return
    found = await calls.call("scheduler", "GetSchedule", Name=name, GroupName=arn.split("/")[1])
    update = {field: found[field] for field in UPDATE_FIELDS if found.get(field) is not None}
    await calls.call("scheduler", "UpdateSchedule", **update, State="ENABLED" if enabled else "DISABLED")


def _may_start(summary: Json, machine: str) -> bool:
    if "Starts" in summary:
        return bool(summary["Starts"] == machine)
    return names_target_in_input(summary["Target"]) or started_arn(summary["Target"]) == machine


def from_schedule(schedule: Json, now: int) -> JobSchedule:
    """Convert a schedule from GetSchedule; `now` is in milliseconds since the epoch."""
    zone, enabled = schedule.get("ScheduleExpressionTimezone") or "UTC", schedule.get("State") != "DISABLED"
    upcoming = next_times(schedule, now, 1) if enabled else ()
    return JobSchedule(
        schedule["Arn"], "schedule", schedule["Name"], schedule["ScheduleExpression"], zone, enabled,
        upcoming[0] if upcoming else None, schedule_timetable(schedule),
    )  # fmt: skip


def next_times(schedule: Mapping[str, Json], now: int, limit: int) -> Sequence[float]:
    """Return the schedule's next times between its start and end dates, in seconds since the epoch."""
    try:
        upcoming = (
            each.instant / 1000 for each in upcoming_times([schedule_timetable(schedule)], now) if not each.skipped
        )
        return list(islice(upcoming, limit))
    except LamplighterError:
        return ()


def from_rule(rule: Json, now: int) -> JobSchedule:
    """Convert a rule from DescribeRule.

    The next time of a rate is unknown, because only EventBridge knows when the rate started to count.
    """
    enabled, expression = rule.get("State") != "DISABLED", rule["ScheduleExpression"]
    if expression.startswith("rate"):
        return JobSchedule(rule["Arn"], "rule", rule["Name"], expression, "UTC", enabled, None)
    upcoming = next_times({"ScheduleExpression": expression}, now, 1) if enabled else ()
    return JobSchedule(
        rule["Arn"], "rule", rule["Name"], expression, "UTC", enabled, upcoming[0] if upcoming else None,
        Timetable(expression, enabled=enabled),
    )  # fmt: skip
