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
    WEEKDAYS,
    CronField,
    InvalidCron,
    parse_values,
)

WORDS: Mapping[str, str] = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_OTHER_WORDS = {
    "@reboot": "a schedule has times only: let systemd run `lamplighter run JOB` when the machine starts",
    "@every": "write rate(5 minutes), which counts from its start",
}
_HASHED = re.compile(r"H(?:\((?P<first>[0-9]{1,2})-(?P<last>[0-9]{1,2})\))?(?:/(?P<step>[1-9][0-9]?))?(?=,|$)")
_WEEKDAY = CronField(0, 7, WEEKDAYS)
"""Sunday is 0 and 7."""


class InvalidUnixCron(LamplighterError):
    """A text that looks like Unix cron and cannot be translated; `advice` says what to write instead."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


_FIELDS: tuple[tuple[str, CronField, int], ...] = (
    ("minute", MINUTE, 59),
    ("hour", HOUR, 23),
    ("day of the month", DAY, 28),
    ("month", MONTH, 12),
    ("day of the week", _WEEKDAY, 6),
)
"""The name of each field, its values, and the last value that H may become, which every month has."""


def is_unix_cron(text: str) -> bool:
    """Return whether a text looks like Unix cron: five fields, or a word with @."""
    return text.startswith("@") or (len(text.split()) == len(_FIELDS) and not text.startswith("cron("))


def to_aws_cron(text: str, name: str) -> str:
    """Return `cron(…)` for an expression of Unix; `name` decides what H is. Raises `InvalidUnixCron`."""
    fields = WORDS.get(text.lower(), text).replace("?", "*").split()
    if len(fields) != len(_FIELDS):
        advice = _OTHER_WORDS.get(text.split()[0].lower(), f"write one of {', '.join(WORDS)}")
        raise InvalidUnixCron(f"`{text}` is not a schedule", advice)
    minutes, hours, dates, months, days = (
        _parse_field(each, *field, name) for each, field in zip(fields, _FIELDS, strict=True)
    )
    weekdays = sorted({each % 7 for each in days})
    date, weekday = _format_values(dates, DAY), _format_values(weekdays, CronField(0, 6), WEEKDAYS)
    # A day must match both fields if one of them begins with *, and otherwise either of them.
    is_either = not (fields[2].startswith("*") or fields[4].startswith("*"))
    if is_either and "*" in (date, weekday):
        date = weekday = "*"
    time = f"{_format_values(minutes, MINUTE)} {_format_values(hours, HOUR)}"
    month = _format_values(months, MONTH)
    if "*" not in (date, weekday):
        raise _two_days(text, f"cron({time} {date} {month} ? *)", f"cron({time} ? {month} {weekday} *)", is_either)
    return f"cron({time} {date if weekday == '*' else '?'} {month} {'?' if weekday == '*' else weekday} *)"


def _two_days(text: str, of_dates: str, of_weekdays: str, is_either: bool) -> InvalidUnixCron:  # noqa: FBT001
    what = f"`{text}` names days of the month and days of the week, and AWS's cron has only one of them"
    if is_either:
        advice = f"write schedule: ['{of_dates}', '{of_weekdays}']: a day of both then starts two runs"
    else:
        advice = f"write {of_dates} or {of_weekdays}, and let the command check the other day"
    return InvalidUnixCron(what, advice)


def _parse_field(text: str, title: str, field: CronField, last: int, name: str) -> Sequence[int]:
    """Return all values that a field names, in order; `last` is the last value that H may become."""

    def hash_value(found: re.Match[str]) -> str:
        """Return the value that H becomes, or every so many values from such a one on."""
        low, high = max(int(found["first"] or field.low), field.low), min(int(found["last"] or last), last)
        size = min(int(found["step"] or high + 1), high + 1 - low)
        if size < 1:
            return found[0]
        start = low + crc32(f"{name} {title}".encode()) % size
        return f"{start}-{high}/{found['step']}" if found["step"] else str(start)

    try:
        return parse_values(_HASHED.sub(hash_value, text.upper()), field)
    except InvalidCron:
        names = f", or {field.names[0]} to {field.names[-1]}" if field.names else ""
        what = f"`{text}` is not a valid {title} of Unix cron"
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
