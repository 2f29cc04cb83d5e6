"""Read the enabled schedules of jobs, and all enabled rules that have a schedule."""

import asyncio
from collections.abc import Sequence

from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls
from lamplighter.console.data.jobs import job_schedules
from lamplighter.console.data.jobs.job_names import read_job_names
from lamplighter.console.view import links
from lamplighter.console.view.week import PlannedSchedule
from lamplighter.runs.jobs.job_names import JobNames
from lamplighter.runs.jobs.schedules import started_arn

PAGE_SIZE, MAX_RULES, SLICE_SIZE = 100, 500, 20


async def plan_schedules(calls: Calls) -> Sequence[PlannedSchedule]:
    """Return the enabled schedules, without those that only check others."""
    known = await job_schedules.list_schedules(calls) or ()
    names = await read_job_names(calls)
    found: list[PlannedSchedule | None] = []
    for at in range(0, len(known), SLICE_SIZE):
        found += await asyncio.gather(*(_read_plan(calls, each, names) for each in known[at : at + SLICE_SIZE]))
    return [plan for plan in found if plan is not None and not plan.is_supporting]


async def _read_plan(calls: Calls, summary: Json, names: JobNames) -> PlannedSchedule | None:
    """Read an enabled schedule. Return None for one that is disabled or was deleted meanwhile."""
    if summary.get("State") == "DISABLED":
        return None
    about = await job_schedules.read_schedule(calls, summary)
    return None if about is None else plan_schedule(about, names)


def plan_schedule(about: Json, names: JobNames) -> PlannedSchedule:
    """Return the plan of a schedule, as GetSchedule describes it."""
    started = started_arn(about["Target"])
    name = names.of(started) if ":stateMachine:" in started else about["Name"]
    return PlannedSchedule(name, "schedule", about, links.resource_path(started))


async def plan_rules(calls: Calls) -> Sequence[PlannedSchedule]:
    """Return the enabled rules that have a schedule."""
    found: list[Json] = []
    async for answer in calls.call_pages("events", "ListRules", Limit=PAGE_SIZE):
        found += answer["Rules"]
        if len(found) >= MAX_RULES:
            break
    return [
        PlannedSchedule(
            rule["Name"],
            "rule",
            rule,
            links.resource_path(rule["Arn"]),
            not rule["ScheduleExpression"].startswith("rate"),
        )
        for rule in found
        if rule.get("ScheduleExpression") and rule.get("State") != "DISABLED"
    ]
