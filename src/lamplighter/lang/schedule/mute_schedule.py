"""Read the schedules of CloudWatch's alarm mute rules: cron expressions with five fields, one time, and a duration.

`cron(Minutes Hours Day-of-month Month Day-of-week)`: "the characters *, -, and , are supported in all fields", and
English names of months and weekdays. As with the cron of Unix, a day is meant if either field names it, when both name
days. See https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Schedule.html.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import takewhile

from lamplighter.base.errors import LamplighterError, require
from lamplighter.lang.schedule.cron import MONTHS, WEEKDAYS, YEAR, Cron, DayRule, dates_of_month
from lamplighter.lang.schedule.expression import CronSchedule, OneTimeSchedule, Schedule

MINUTE = 60_000
MIN_DURATION, MAX_DURATION = MINUTE, 15 * 24 * 60 * MINUTE
_CRON = re.compile(r"cron\(\s*(\S+(?:\s+\S+){4})\s*\)")
_AT = re.compile(r"at\(([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2})\)")
_DURATION = re.compile(r"P(?=[0-9T])(?:([0-9]{1,4})D)?(?:T(?=[0-9])(?:([0-9]{1,5})H)?(?:([0-9]{1,6})M)?)?")
_PART = re.compile(r"(\w{1,3})(?:-(\w{1,3}))?")


class InvalidMuteSchedule(LamplighterError):
    """A text that is no schedule or duration of a mute rule."""


@dataclass(frozen=True, slots=True)
class MuteSchedule:
    """When alarms are muted, within the times between `start` and `end`; all in milliseconds."""

    schedule: Schedule
    zone: str
    duration: int
    start: int
    end: int

    def is_active(self, now: int) -> bool:
        """Return whether a window contains a time."""
        return self.start <= now < self.end and any(True for _ in self._begun(now))

    def next_change(self, now: int) -> int | None:
        """Return a time at or before which alarms stop or begin to be muted next, or None if that never happens."""
        if now >= self.end:
            return None
        if now < self.start:
            return self.start
        begun = next(self._begun(now), None)
        if begun is not None:  # the window that ends first; another one may contain its end
            return min(begun + self.duration, self.end)
        following = next(self.schedule.times(now, self.zone), None)
        return following if following is not None and following < self.end else None

    def _begun(self, now: int) -> Iterator[int]:
        """Yield the beginnings of the windows that contain a time."""
        return takewhile(lambda time: time <= now, self.schedule.times(now - self.duration, self.zone))


def parse_mute_expression(text: str) -> Schedule:
    """Parse the expression of a mute rule. Raises `InvalidMuteSchedule`."""
    if found := _CRON.fullmatch(text):
        return CronSchedule(_parse_cron(found[1].upper().split()))
    if found := _AT.fullmatch(text):
        try:
            return OneTimeSchedule(datetime.fromisoformat(found[1]))
        except ValueError:
            raise InvalidMuteSchedule(text) from None
    raise InvalidMuteSchedule(text)


def parse_mute_duration(text: str) -> int:
    """Return a duration such as PT4H or P2DT12H in milliseconds. Raises `InvalidMuteSchedule`."""
    found = require(_DURATION.fullmatch(text), lambda: InvalidMuteSchedule(text))
    days, hours, minutes = (int(part or 0) for part in found.groups())
    duration = ((days * 24 + hours) * 60 + minutes) * MINUTE
    if not MIN_DURATION <= duration <= MAX_DURATION:
        raise InvalidMuteSchedule(text)
    return duration


def _parse_cron(fields: Sequence[str]) -> Cron:
    minutes, hours, dates, months, weekdays = fields
    wanted_dates = _parse_field(dates, 1, 31)
    wanted_weekdays = frozenset(day % 7 for day in _parse_field(weekdays, 0, 7, WEEKDAYS))
    select = partial(
        _select_days, wanted_dates, wanted_weekdays, either=not (dates.startswith("*") or weekdays.startswith("*"))
    )
    return Cron(
        _parse_field(minutes, 0, 59),
        _parse_field(hours, 0, 23),
        DayRule(select, ()),
        _parse_field(months, 1, 12, MONTHS),
        tuple(range(YEAR.low, YEAR.high + 1)),
    )


def _select_days(
    dates: Sequence[int], weekdays: frozenset[int], year: int, month: int, *, either: bool
) -> Sequence[int]:
    combine = any if either else all
    return [
        day
        for day in dates_of_month(year, month)
        if combine((day in dates, date(year, month, day).isoweekday() % 7 in weekdays))
    ]


def _parse_field(text: str, low: int, high: int, names: Sequence[str] = ()) -> tuple[int, ...]:
    """Return the values of a field in order; `names` begin with the name of `low`."""
    values = set[int]()
    for part in text.split(","):
        if part == "*":
            values.update(range(low, high + 1))
            continue
        found = require(_PART.fullmatch(part), lambda: InvalidMuteSchedule(text))
        first = _parse_value(found[1], low, names)
        last = first if found[2] is None else _parse_value(found[2], low, names)
        if not low <= first <= last <= high:
            raise InvalidMuteSchedule(text)
        values.update(range(first, last + 1))
    return tuple(sorted(values))


def _parse_value(text: str, low: int, names: Sequence[str]) -> int:
    if text in names:
        return low + names.index(text)
    if not (text.isascii() and text.isdigit()):
        raise InvalidMuteSchedule(text)
    return int(text)
