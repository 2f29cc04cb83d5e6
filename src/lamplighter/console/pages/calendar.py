"""Show a calendar of the next seven days: all schedules, and all rules that have a schedule."""

import asyncio
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from starlette.responses import Response

from lamplighter.console.data.planned_schedules import plan_rules, plan_schedules
from lamplighter.console.page import Page, page_route
from lamplighter.console.view import week
from lamplighter.console.view.week import PlannedSchedule, PlannedTime, Week
from lamplighter.lang.schedule import time_zones
from lamplighter.lang.schedule.time_zones import UnknownZone

SLICE_SIZE = 20


async def show(page: Page) -> Response:
    """Show the calendar."""
    zone = page.query("zone") or "UTC"
    try:
        time_zone, fault = time_zones.find_zone(zone), None
    except UnknownZone:
        time_zone, fault = time_zones.find_zone("UTC"), f"Unknown time zone {zone}; the times are in UTC."
    plans = [*await plan_schedules(page), *await plan_rules(page)]
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


ROUTES = (page_route("/calendar", show),)
