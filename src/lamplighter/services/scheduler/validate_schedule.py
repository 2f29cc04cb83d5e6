"""Validate a schedule beyond the shape of the request, with AWS's error messages where they are known.

See https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html.
"""

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.lang.schedule.expression import InvalidSchedule, Schedule, parse_schedule
from lamplighter.lang.schedule.time_zones import UnknownZone, find_zone
from lamplighter.services.scheduler.schedule_times import DEFAULT_ZONE, MINUTE, to_milliseconds

MAX_INPUT_BYTES = 262_144
"""The most bytes of a target's Input: https://docs.aws.amazon.com/scheduler/latest/UserGuide/scheduler-quotas.html."""
MAX_PAST_START = 5 * MINUTE
"""How far in the past the StartDate of a new schedule may be, in milliseconds."""


def check_schedule(body: Json, now: int, before: Json | None = None) -> None:
    """Raise ValidationError for a schedule that AWS refuses; `before` is the present schedule if this is an update."""
    expression = _parse_expression(body["ScheduleExpression"])
    _check_zone(body.get("ScheduleExpressionTimezone", DEFAULT_ZONE))
    _check_window(body["FlexibleTimeWindow"])
    if len(body["Target"].get("Input", "").encode()) > MAX_INPUT_BYTES:
        raise ValidationError(f"The Input of a target can have at most {MAX_INPUT_BYTES} bytes.")
    if expression.kind != "at":
        _check_dates(body, now, before or {})


def _parse_expression(text: str) -> Schedule:
    try:
        return parse_schedule(text, strict=False)
    except InvalidSchedule:
        raise ValidationError(f"Invalid Schedule Expression {text}.") from None


def _check_zone(name: str) -> None:
    try:
        find_zone(name)
    except UnknownZone:
        raise ValidationError(f"Invalid Schedule Expression Timezone {name}.") from None


def _check_window(window: Json) -> None:
    if window["Mode"] == "FLEXIBLE" and "MaximumWindowInMinutes" not in window:
        raise ValidationError("MaximumWindowInMinutes must be provided when the FlexibleTimeWindow Mode is FLEXIBLE.")
    if window["Mode"] == "OFF" and "MaximumWindowInMinutes" in window:
        raise ValidationError("MaximumWindowInMinutes must not be provided when the FlexibleTimeWindow Mode is OFF.")


def _check_dates(body: Json, now: int, before: Json) -> None:
    start, end = body.get("StartDate"), body.get("EndDate")
    if start is not None and start != before.get("StartDate") and to_milliseconds(start) < now - MAX_PAST_START:
        raise ValidationError("The StartDate you specify cannot be earlier than 5 minutes ago.")
    if end is not None and end != before.get("EndDate") and to_milliseconds(end) < now:
        raise ValidationError("The EndDate you specify cannot be in the past.")
    if start is not None and end is not None and start >= end:
        raise ValidationError("The EndDate you specify must come after the StartDate.")
