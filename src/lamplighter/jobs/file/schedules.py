"""When a job begins, as the file says it: schedules in AWS's grammar, time zones, windows.

Promises that Unix cron is told apart, with what it is in AWS's grammar.
See https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from lamplighter.jobs.file.strict_model import StrictModel
from lamplighter.jobs.file.values import Duration, format_duration
from lamplighter.lang.schedule import cron
from lamplighter.lang.schedule.expression import InvalidSchedule, parse_schedule
from lamplighter.lang.schedule.time_zones import UnknownZone, find_zone

DAY = 86_400


class MissedRuns(StrictModel):
    """What becomes of times at which nobody was there to start the job."""

    run: Literal["last", "all", "none"] = Field(default="last", description="Which of them are made up for.")
    within: Duration = Field(default=6 * 3600, description="How long afterwards they still are.")


def _schedule(expression: str) -> str:
    try:
        parse_schedule(expression)
    except InvalidSchedule:
        raise ValueError(_no_schedule(expression)) from None
    return expression


def _no_schedule(expression: str) -> str:
    fields = expression.split()
    if len(fields) == 5 and "(" not in expression:
        minute, hour, day, month, weekday = fields
        day, weekday = (day, "?") if weekday == "*" else ("?", weekday)
        return (
            f"`{expression}` is Unix cron, and AWS has six fields|"
            f"write cron({minute} {hour} {day} {month} {weekday} *), "
            "where days of the week count from 1 = SUN"
        )
    if expression.startswith("cron("):
        found = cron.find_bad_field(expression.removeprefix("cron(").removesuffix(")").strip())
        if found is not None:
            name, written = found
            return f"`{written}` is no {name} in `{expression}`|write {_TAKES[name]}"
        return (
            f"`{expression}` is no schedule|"
            "write minute, hour, day, month, day of the week and year, one of the days as ?: cron(0 3 * * ? *)"
        )
    return f"`{expression}` is no schedule|write cron(0 3 * * ? *), rate(5 minutes) or at(2026-12-31T03:00:00)"


_TAKES = {
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day of the month": "1 to 31, L, LW or 15W, or ? where the day of the week is said",
    "month": "1 to 12, or JAN to DEC",
    "day of the week": "1 to 7 from Sunday on, SUN to SAT, L, 6L or 3#2, or ? where the day of the month is said",
    "year": "1970 to 2199, or *",
}
"""What each field of a cron expression takes."""


def _zone(name: str) -> str:
    try:
        find_zone(name)
    except UnknownZone:
        raise ValueError(f"there is no time zone `{name}`|write a name such as Asia/Seoul or UTC") from None
    return name


def _window(seconds: int) -> int:
    if seconds % 60:
        raise ValueError(
            f"AWS counts windows in whole minutes, not {format_duration(seconds)}|write {seconds // 60 + 1}m"
        )
    return seconds


Schedule = Annotated[str, AfterValidator(_schedule)]
Zone = Annotated[str, AfterValidator(_zone)]
Window = Annotated[Duration, Field(le=DAY), AfterValidator(_window)]
