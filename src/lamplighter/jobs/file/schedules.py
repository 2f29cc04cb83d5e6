"""Define when a job starts: schedules in AWS's grammar, time zones and windows.

Guarantees that the error for an expression in Unix cron shows the same schedule in AWS's grammar.
See https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from lamplighter.jobs.file.invalid_value import InvalidValue
from lamplighter.jobs.file.strict_model import StrictModel
from lamplighter.jobs.file.values import Duration, format_duration
from lamplighter.lang.schedule import cron
from lamplighter.lang.schedule.expression import InvalidSchedule, parse_schedule
from lamplighter.lang.schedule.time_zones import UnknownZone, find_zone

DAY_SECONDS = 86_400


class MissedRuns(StrictModel):
    """What happens to scheduled times that passed while no engine ran."""

    run: Literal["last", "all", "none"] = Field(
        default="last", description="Which missed times run later: the last, all or none."
    )
    within: Duration = Field(default=6 * 3600, description="How long after its time a missed run may still start.")


def _check_schedule(expression: str) -> str:
    try:
        parse_schedule(expression)
    except InvalidSchedule:
        raise _invalid_schedule(expression) from None
    return expression


def _invalid_schedule(expression: str) -> InvalidValue:
    fields = expression.split()
    if len(fields) == 5 and "(" not in expression:
        minute, hour, day, month, weekday = fields
        day, weekday = (day, "?") if weekday == "*" else ("?", weekday)
        return InvalidValue(
            f"`{expression}` is Unix cron, and AWS has six fields",
            f"write cron({minute} {hour} {day} {month} {weekday} *), where days of the week count from 1 = SUN",
        )
    if expression.startswith("cron("):
        found = cron.find_bad_field(expression.removeprefix("cron(").removesuffix(")").strip())
        if found is not None:
            name, value = found
            return InvalidValue(f"`{value}` is not a valid {name} in `{expression}`", f"write {_FIELD_VALUES[name]}")
        example = "minute, hour, day, month, day of the week and year, one of the days as ?: cron(0 3 * * ? *)"
        return InvalidValue(f"`{expression}` is not a schedule", f"write {example}")
    examples = "cron(0 3 * * ? *), rate(5 minutes) or at(2026-12-31T03:00:00)"
    return InvalidValue(f"`{expression}` is not a schedule", f"write {examples}")


_FIELD_VALUES = {
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day of the month": "1 to 31, L, LW or 15W, or ? if the day of the week is set",
    "month": "1 to 12, or JAN to DEC",
    "day of the week": "1 to 7 from Sunday on, SUN to SAT, L, 6L or 3#2, or ? if the day of the month is set",
    "year": "1970 to 2199, or *",
}
"""The values that each field of a cron expression accepts."""


def _check_zone(name: str) -> str:
    try:
        find_zone(name)
    except UnknownZone:
        raise InvalidValue(f"there is no time zone `{name}`", "write a name such as Asia/Seoul or UTC") from None
    return name


def _check_window(seconds: int) -> int:
    if seconds % 60:
        raise InvalidValue(
            f"a window must be whole minutes on AWS, not {format_duration(seconds)}", f"write {seconds // 60 + 1}m"
        )
    return seconds


Schedule = Annotated[str, AfterValidator(_check_schedule)]
Zone = Annotated[str, AfterValidator(_check_zone)]
Window = Annotated[Duration, Field(le=DAY_SECONDS), AfterValidator(_check_window)]
