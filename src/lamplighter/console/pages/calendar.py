"""Show a calendar of the next seven days: all schedules, and all rules that have a schedule."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from starlette.responses import Response

from lamplighter.base.json_text import Json
from lamplighter.console.data import job_schedules
from lamplighter.console.page import Page, page_route
from lamplighter.console.view import links, week
from lamplighter.console.view.clock import UTC_NAME, Clock
from lamplighter.console.view.week import PlannedSchedule, PlannedTime, Week
from lamplighter.lang.schedule import time_zones
from lamplighter.runs.schedules import started_arn

PAGE_SIZE, MAX_RULES, SLICE_SIZE = 100, 500, 20


async def show(page: Page) -> Response:
    """Show the calendar in the visitor's time zone, or each schedule in its own."""
    plans = [*await _plan_schedules(page), *await _plan_rules(page)]
    page = replace(page, schedule_zone=_most_common_zone(plans))
    return await page.render("calendar.html", week=await _plan_week(plans, page.console.world.now(), page.clock))


def _most_common_zone(plans: Sequence[PlannedSchedule]) -> str:
    """Return the zone of most schedules; UTC if there are none."""
    counts = Counter(plan.zone for plan in plans)
    return min(counts, key=lambda zone: (-counts[zone], zone), default=UTC_NAME)


async def _plan_week(plans: Sequence[PlannedSchedule], now: int, clock: Clock) -> Week:
    """Calculate the week in slices, so that a large calendar does not block other requests."""
    due: list[Sequence[PlannedTime] | None] = []
    for plan in plans:
        due.append(week.planned_times(plan, now, time_zones.find_zone(clock.zone_of(plan.zone))))
        if len(due) % SLICE_SIZE == 0:
            await asyncio.sleep(0)
    shown = dict.fromkeys([clock.zone, *(clock.zone_of(plan.zone) for plan in plans)])
    return week.build_week(plans, due, now, [time_zones.find_zone(each) for each in shown])


async def _plan_schedules(page: Page) -> Sequence[PlannedSchedule]:
    known = await job_schedules.list_schedules(page) or ()
    found: list[PlannedSchedule | None] = []
    for at in range(0, len(known), SLICE_SIZE):
        found += await asyncio.gather(*(_plan_schedule(page, each) for each in known[at : at + SLICE_SIZE]))
        await asyncio.sleep(0)
    return [plan for plan in found if plan is not None]


async def _plan_schedule(page: Page, summary: Json) -> PlannedSchedule | None:
    """Read an enabled schedule. Return None for one that is disabled or was deleted meanwhile."""
    if summary.get("State") == "DISABLED":
        return None
    names = {"Name": summary["Name"], "GroupName": summary["GroupName"]}
    about = await page.call_or_none("scheduler", "GetSchedule", **names)
    if about is None:
        return None
    return PlannedSchedule(about["Name"], "schedule", about, links.resource_path(started_arn(about["Target"])))


async def _plan_rules(page: Page) -> Sequence[PlannedSchedule]:
    found: list[Json] = []
    async for answer in page.call_pages("events", "ListRules", Limit=PAGE_SIZE):
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


ROUTES = (page_route("/calendar", show),)
