"""Define when a job starts: schedules in AWS's grammar or in Unix cron's, time zones and windows.

Guarantees that an expression in Unix cron becomes the same schedule in AWS's grammar.
See https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html.
"""

import zoneinfo
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from lamplighter.jobs.file.parsing.invalid_value import InvalidValue
from lamplighter.jobs.file.strict_model import StrictModel
from lamplighter.jobs.file.values import Duration, format_duration
from lamplighter.lang.schedule import cron, unix_cron
from lamplighter.lang.schedule.cron import InvalidCron
from lamplighter.lang.schedule.expression import InvalidSchedule, parse_schedule
from lamplighter.lang.schedule.time_zones import UnknownZone, find_zone
from lamplighter.lang.schedule.unix_cron import InvalidUnixCron

DAY_SECONDS = 86_400


class MissedRuns(StrictModel):
    """What happens to scheduled times that passed while no engine ran."""

    run: Literal["last", "all", "none"] = Field(
        default="last", description="Which missed times run later: the last, all or none."
    )
    within: Duration = Field(default=6 * 3600, description="How long after its time a missed run may still start.")


def translate_schedule(expression: str, job: str) -> str:
    """Return an expression of Unix cron in AWS's grammar, and any other one as it is."""
    return unix_cron.to_aws_cron(expression, job) if unix_cron.is_unix_cron(expression) else expression


def _check_schedule(expression: str) -> str:
    try:
        parse_schedule(translate_schedule(expression, ""))
    except InvalidUnixCron as error:
        raise InvalidValue(*error.args) from None
    except InvalidSchedule:
        raise _invalid_schedule(expression) from None
    return expression


def _invalid_schedule(expression: str) -> InvalidValue:
    if expression.startswith("cron("):
        try:
            cron.parse_cron(expression.removeprefix("cron(").removesuffix(")").strip())
        except InvalidCron as error:
            if error.field is not None:
                what = f"`{error}` is not a valid {error.field} in `{expression}`"
                return InvalidValue(what, f"write {_FIELD_VALUES[error.field]}")
        example = "minute, hour, day, month, day of the week and year, one of the days as ?: cron(0 3 * * ? *)"
        return InvalidValue(f"`{expression}` is not a schedule", f"write {example}")
    examples = "0 3 * * 1-5, @daily, cron(0 3 * * ? *), rate(5 minutes) or at(2026-12-31T03:00:00)"
    return InvalidValue(f"`{expression}` is not a schedule", f"write {examples}")


_FIELD_VALUES = {
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day of the month": "1 to 31, L, LW or 15W, or ? if the day of the week is set",
    "month": "1 to 12, or JAN to DEC",
    "day of the week": "1 to 7 from Sunday on, SUN to SAT, L, 6L or 3#2, or ? if the day of the month is set",
    "week": "1 to 5",
    "year": "1970 to 2199, or *",
}
"""The values that each field of a cron expression accepts."""


def _check_zone(name: str) -> str:
    try:
        find_zone(name)
    except UnknownZone:
        close = get_close_matches(name, zoneinfo.available_timezones(), 1)
        advice = f"did you mean `{close[0]}`?" if close else "write a name such as Asia/Seoul or UTC"
        raise InvalidValue(f"there is no time zone `{name}`", advice) from None
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
