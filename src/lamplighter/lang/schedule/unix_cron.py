"""Translate Unix cron to AWS's: five fields, or a word such as @daily, become `cron(…)`.

Guarantees an expression with the same times, or an error that says what to write instead. `H` is Jenkins's: a value
that a name decides, so that many jobs do not start at the same time. Weekdays count from Sunday, which is 0 and 7.
See https://man7.org/linux/man-pages/man5/crontab.5.html and
https://www.jenkins.io/doc/book/pipeline/syntax/#cron-syntax.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

from lamplighter.base.errors import LamplighterError
from lamplighter.lang.schedule.cron import MONTHS, WEEKDAYS

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
_PART = re.compile(
    r"(?P<low>\*|H|[0-9]{1,2}|[A-Z]{3})(?:\((?P<first>[0-9]{1,2})-(?P<last>[0-9]{1,2})\))?"
    r"(?:-(?P<high>[0-9]{1,2}|[A-Z]{3}))?(?:/(?P<step>[0-9]{1,2}))?"
)


class InvalidUnixCron(LamplighterError):
    """A text that looks like Unix cron and cannot be translated; `advice` says what to write instead."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    last_hashed: int
    """The last value that H may become: every month has it."""
    names: Sequence[str] = ()


_FIELDS = (
    _Field("minute", 0, 59, 59),
    _Field("hour", 0, 23, 23),
    _Field("day of the month", 1, 31, 28),
    _Field("month", 1, 12, 12, MONTHS),
    _Field("day of the week", 0, 7, 6, WEEKDAYS),
)


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
        _parse_field(each, field, name) for each, field in zip(fields, _FIELDS, strict=True)
    )
    weekdays = sorted({each % 7 for each in days})
    every_date, every_weekday = len(dates) == 31, len(weekdays) == 7
    # A day must match both fields if one of them begins with *, and otherwise either of them.
    is_either = not (fields[2].startswith("*") or fields[4].startswith("*"))
    date = "*" if every_date or (is_either and every_weekday) else _format_values(dates, 1, 31)
    weekday = "*" if every_weekday or (is_either and every_date) else _format_weekdays(weekdays)
    time = f"{_format_values(minutes, 0, 59)} {_format_values(hours, 0, 23)}"
    month = _format_values(months, 1, 12)
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


def _parse_field(text: str, field: _Field, name: str) -> Sequence[int]:
    """Return all values that a field names, in order."""
    found = {value for part in text.upper().split(",") for value in _parse_part(part, field, name)}
    if not found:
        values = f"{field.low} to {field.high}" + (f", or {field.names[0]} to {field.names[-1]}" if field.names else "")
        raise InvalidUnixCron(f"`{text}` is not a valid {field.name} of Unix cron", f"write {values}")
    return sorted(found)


def _parse_part(text: str, field: _Field, name: str) -> Sequence[int]:
    """Return the values of a part, or none if it is invalid."""
    found = _PART.fullmatch(text)
    if found is None or found["step"] in ("0", "00") or (found["high"] and found["low"] in ("*", "H")):
        return ()
    step = int(found["step"] or 1)
    if found["low"] == "H":
        first, last = int(found["first"] or field.low), int(found["last"] or field.last_hashed)
        return _hash_values(max(first, field.low), min(last, field.last_hashed), step, f"{name} {field.name}")
    if found["first"]:
        return ()
    if found["low"] == "*":
        return range(field.low, field.high + 1, step)
    low = _parse_value(found["low"], field)
    high = _parse_value(found["high"], field) if found["high"] else field.high if found["step"] else low
    if high < low and field.names is WEEKDAYS:
        high += 7  # FRI-SUN: Sunday is 0
    return range(low, high + 1, step) if min(low, high) >= field.low else ()


def _hash_values(low: int, high: int, step: int, key: str) -> Sequence[int]:
    """Return the value that H becomes between two values, or every `step`-th value from such a one on."""
    size = high + 1 - low if step == 1 else min(step, high + 1 - low)
    if size < 1:
        return ()
    start = low + crc32(key.encode()) % size
    return (start,) if step == 1 else range(start, high + 1, step)


def _parse_value(text: str, field: _Field) -> int:
    """Return the value of a number or a name, or -1 if the field has no such value."""
    if text in field.names:
        return field.names.index(text) + (field.names is MONTHS)
    return int(text) if text.isdecimal() and field.low <= int(text) <= field.high else -1


def _format_values(values: Sequence[int], low: int, high: int) -> str:
    """Format values as AWS's cron does: all, a range, one every so many, or a list."""
    step = values[1] - values[0] if len(values) > 2 else 0
    if step and list(values) == list(range(values[0], high + 1, step)):
        return f"{values[0]}/{step}" if step > 1 else "*" if values[0] == low else f"{values[0]}-{high}"
    if step == 1 and values[-1] - values[0] == len(values) - 1:
        return f"{values[0]}-{values[-1]}"
    return ",".join(map(str, values))


def _format_weekdays(values: Sequence[int]) -> str:
    names = [WEEKDAYS[each] for each in values]
    is_range = len(values) > 2 and values[-1] - values[0] == len(values) - 1
    return f"{names[0]}-{names[-1]}" if is_range else ",".join(names)
