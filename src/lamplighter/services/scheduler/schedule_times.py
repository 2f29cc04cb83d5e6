"""Compute the times at which a schedule runs: its expression in its time zone, between its dates.

"EventBridge Scheduler ignores" StartDate and EndDate of one-time schedules. A rate without a StartDate "starts invoking
its target immediately". See https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html.
"""

from collections.abc import Iterator
from itertools import takewhile

from lamplighter.base.json_text import Json
from lamplighter.lang.schedule.expression import Kind, parse_schedule
from lamplighter.services.scheduler.tables.schedules import Schedule

MINUTE = 60_000
EARLIEST = -(2**62)
DEFAULT_ZONE = "UTC"


def to_milliseconds(seconds: float) -> int:
    """Return a time of the API in milliseconds since the epoch."""
    return round(seconds * 1000)


def rate_anchor(body: Json, now: int) -> int:
    """Return the time from which a rate counts: its StartDate, or now."""
    return to_milliseconds(body["StartDate"]) if "StartDate" in body else now


def schedule_kind(schedule: Schedule) -> Kind:
    """Return the kind of the schedule's expression: at, cron or rate."""
    return parse_schedule(schedule.body["ScheduleExpression"], strict=False).kind


def deletes_after_completion(schedule: Schedule) -> bool:
    """Return whether the schedule is deleted after its last run.

    "If you configure a schedule with automatic deletion but do not specify a value for EndDate, EventBridge Scheduler
    does not automatically delete the schedule." A one-time schedule needs no EndDate.
    """
    body = schedule.body
    return body["ActionAfterCompletion"] == "DELETE" and ("EndDate" in body or schedule_kind(schedule) == "at")


def window_milliseconds(schedule: Schedule) -> int:
    """Return the length of the schedule's flexible time window in milliseconds, or 0."""
    flexible = schedule.body["FlexibleTimeWindow"]
    return flexible["MaximumWindowInMinutes"] * MINUTE if flexible["Mode"] == "FLEXIBLE" else 0


def slots_after(schedule: Schedule, after: int) -> Iterator[int]:
    """Yield the schedule's slots after a time, in milliseconds since the epoch."""
    body = schedule.body
    expression = parse_schedule(body["ScheduleExpression"], strict=False)
    zone = body.get("ScheduleExpressionTimezone", DEFAULT_ZONE)
    if expression.kind == "at":
        return expression.times(after, zone)
    if "StartDate" in body:
        after = max(after, to_milliseconds(body["StartDate"]) - 1)
    times = expression.times(after, zone, schedule.anchor)
    if "EndDate" not in body:
        return times
    end = to_milliseconds(body["EndDate"])
    return takewhile(lambda time: time <= end, times)
