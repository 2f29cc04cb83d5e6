"""Translate Unix cron to AWS's: five fields, or a word such as @daily, become `cron(…)`.

Guarantees an expression with the same times, or an error that says what to write instead. `H` is Jenkins's: a value
that a name decides, so that many jobs do not start at the same time. Weekdays count from Sunday, which is 0 and 7.
See https://man7.org/linux/man-pages/man5/crontab.5.html and
https://www.jenkins.io/doc/book/pipeline/syntax/#cron-syntax.
"""

import re
from collections.abc import Mapping, Sequence
from zlib import crc32

from lamplighter.base.errors import LamplighterError
from lamplighter.lang.schedule.cron import (
    DAY,
    HOUR,
    MINUTE,
    MONTH,
    WEEKDAY,
    WEEKDAYS,
    CronField,
    InvalidCron,
    parse_values,
)

WORDS: Mapping[str, str] = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
UNIX_WEEKDAY = CronField("day of the week", 0, 7, WEEKDAYS)
"""Sunday is 0 and 7."""
_FIELDS = ((MINUTE, 59), (HOUR, 23), (DAY, 28), (MONTH, 12), (UNIX_WEEKDAY, 6))
"""The fields, and the last value of each that H may become: every month has it."""
_HASHED = re.compile(r"H(?:\((?P<first>[0-9]{1,2})-(?P<last>[0-9]{1,2})\))?(?:/(?P<step>[1-9][0-9]?))?(?=,|$)")


class InvalidUnixCron(LamplighterError):
    """A text that looks like Unix cron and cannot be translated; the second argument says what to write instead."""


def is_unix_cron(text: str) -> bool:
    """Return whether a text looks like Unix cron: five fields, or a word with @."""
    return text.startswith("@") or (len(text.split()) == len(_FIELDS) and not text.startswith("cron("))


def to_aws_cron(text: str, name: str) -> str:
    """Return `cron(…)` for an expression of Unix; `name` decides what H is. Raises `InvalidUnixCron`."""
    fields = WORDS.get(text.lower(), text).replace("?", "*").split()
    if len(fields) != len(_FIELDS):
        raise InvalidUnixCron(f"`{text}` is not a schedule", f"write one of {', '.join(WORDS)}, or rate(5 minutes)")
    minutes, hours, dates, months, days = (
        _parse_field(each, *field, name) for each, field in zip(fields, _FIELDS, strict=True)
    )
    date = _format_values(dates, DAY)
    weekday = _format_values(sorted({each % 7 for each in days}), WEEKDAY, WEEKDAYS)
    # A day must match both fields if one of them begins with *, and otherwise either of them.
    needs_both = fields[2].startswith("*") or fields[4].startswith("*")
    if "*" in (date, weekday) and not needs_both:
        date = weekday = "*"
    time, month = f"{_format_values(minutes, MINUTE)} {_format_values(hours, HOUR)}", _format_values(months, MONTH)
    of_dates, of_weekdays = f"cron({time} {date} {month} ? *)", f"cron({time} ? {month} {weekday} *)"
    if "*" not in (date, weekday):
        what = f"`{text}` names days of the month and days of the week, and AWS's cron has only one of them"
        either = f"or schedule: ['{of_dates}', '{of_weekdays}'], with which a day of both starts two runs"
        both = "and let the job check the other: only a day of both is meant"
        raise InvalidUnixCron(what, f"write one of them, {both if needs_both else either}")
    return of_dates if weekday == "*" else of_weekdays


def _parse_field(text: str, field: CronField, last: int, name: str) -> Sequence[int]:
    """Return all values that a field names, in order; `last` is the last value that H may become."""

    def hash_value(found: re.Match[str]) -> str:
        """Return the value that H becomes, or every so many values from such a one on."""
        low, high = max(int(found["first"] or field.low), field.low), min(int(found["last"] or last), last)
        size = min(int(found["step"] or high + 1), high + 1 - low)
        if size < 1:
            return found[0]
        start = low + crc32(f"{name} {field.name}".encode()) % size
        return f"{start}-{high}/{found['step']}" if found["step"] else str(start)

    try:
        return parse_values(_HASHED.sub(hash_value, text.upper()), field)
    except InvalidCron as error:
        names = f", or {field.names[0]} to {field.names[-1]}" if field.names else ""
        what = f"`{error}` is not a valid {field.name} of Unix cron"
        raise InvalidUnixCron(what, f"write {field.low} to {field.high}{names}") from None


def _format_values(values: Sequence[int], field: CronField, names: Sequence[str] = ()) -> str:
    """Format values as AWS's cron does: all, a range, one every so many, or a list; `names` are those from 0 on."""
    shown, first = [names[each] if names else str(each) for each in values], values[0]
    step = values[1] - first if len(values) > 2 else 0
    if len(values) == field.high + 1 - field.low:
        return "*"
    if step == 1 and values[-1] - first == len(values) - 1:
        return f"{shown[0]}-{shown[-1]}"
    if step > 1 and not names and list(values) == list(range(first, field.high + 1, step)):
        return f"{first}/{step}"
    return ",".join(shown)
