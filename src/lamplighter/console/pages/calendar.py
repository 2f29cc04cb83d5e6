"""Show a calendar of the next seven days: all schedules, and all rules that have a schedule."""

import asyncio
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from starlette.responses import Response

from lamplighter.base.json_text import Json
from lamplighter.console.data import job_schedules
from lamplighter.console.page import Page, page_route
from lamplighter.console.view import links, week
from lamplighter.console.view.week import PlannedSchedule, PlannedTime, Week
from lamplighter.lang.schedule import time_zones
from lamplighter.lang.schedule.time_zones import UnknownZone
from lamplighter.runs.schedules import started_arn

PAGE_SIZE, MAX_RULES, SLICE_SIZE = 100, 500, 20


async def show(page: Page) -> Response:
    """Show the calendar."""
    zone = page.query("zone") or "UTC"
    try:
        time_zone, fault = time_zones.find_zone(zone), None
    except UnknownZone:
        time_zone, fault = time_zones.find_zone("UTC"), f"Unknown time zone {zone}; the times are in UTC."
    plans = [*await _plan_schedules(page), *await _plan_rules(page)]
    shown = await _plan_week(plans, page.console.world.now(), time_zone)
    used = sorted({"UTC", *(plan.zone for plan in plans)})
    return await page.render("calendar.html", week=shown, zone=time_zone.key, fault=fault, used=used)


async def _plan_week(plans: Sequence[PlannedSchedule], now: int, time_zone: ZoneInfo) -> Week:
    """Calculate the week in slices, so that a large calendar does not block other requests."""
    due: list[Sequence[PlannedTime] | None] = []
    for plan in plans:
        due.append(week.planned_times(plan, now, time_zone))
        if len(due) % SLICE_SIZE == 0:
            await asyncio.sleep(0)
    return week.build_week(plans, due, now, time_zone)


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
