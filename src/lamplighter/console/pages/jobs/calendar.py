"""Show a calendar of the next seven days: all schedules, and all rules that have a schedule."""

import asyncio
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from starlette.responses import Response

from lamplighter.console.data.jobs.planned_schedules import plan_rules, plan_schedules
from lamplighter.console.page import Page, page_route
from lamplighter.console.view import week
from lamplighter.console.view.week import PlannedSchedule, PlannedTime, Week
from lamplighter.lang.schedule import time_zones

SLICE_SIZE = 20
REFRESH_SECONDS = 60
"""Seconds between two refreshes of an open calendar, which reads every schedule."""


async def show(page: Page) -> Response:
    """Show the calendar."""
    plans = [*await plan_schedules(page), *await plan_rules(page)]
    zone = time_zones.find_zone(page.clock.zone)
    shown = await _plan_week(plans, page.console.world.now(), zone)
    return await page.render("calendar.html", week=shown, rest=REFRESH_SECONDS)


async def _plan_week(plans: Sequence[PlannedSchedule], now: int, zone: ZoneInfo) -> Week:
    """Calculate the week in slices, so that a large calendar does not block other requests."""
    due: list[Sequence[PlannedTime] | None] = []
    for plan in plans:
        due.append(week.planned_times(plan, now, zone))
        if len(due) % SLICE_SIZE == 0:
            await asyncio.sleep(0)
    return week.build_week(plans, due, now, zone)


ROUTES = (page_route("/calendar", show),)
