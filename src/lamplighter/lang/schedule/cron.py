"""Cron expressions as AWS has them: six fields, of which one of the two for days says nothing.

Promises to find the days that an expression means by arithmetic, month by month, so that a schedule of once in four
years costs no more than one of every minute. Refuses what is neither in AWS's table of fields nor in its examples.
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html.
"""

import re
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from lamplighter.base.errors import LamplighterError

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
WEEKS = 5
"""The most often that a day of the week can be in one month."""
SATURDAY, SUNDAY = 7, 1
"""Days of the week are numbered as AWS does, from Sunday: 1 to 7."""

_VALUE = "[0-9]{1,4}|[A-Z]{3}"
_PART = re.compile(rf"(?P<low>{_VALUE}|\*)(?:-(?P<high>{_VALUE}))?(?:/(?P<step>[0-9]{{1,4}}))?")
_NEAREST = re.compile(r"([0-9]{1,2})W")
_LAST = re.compile(rf"({_VALUE})L")
_NTH = re.compile(rf"({_VALUE})#([0-9])")


class InvalidCron(LamplighterError):
    """The text is no cron expression."""


@dataclass(frozen=True, slots=True)
class Field:
    """What values a field takes."""

    low: int
    high: int
    names: Sequence[str] = ()
    """Of the values from `low` on."""
    steps: bool = True
    """Whether AWS's table gives it the slash."""
    wraps: bool = True
    """Whether a range may go on past the end: "0/30 20-2 ? * MON-FRI *" is one of AWS's examples."""


MINUTE, HOUR, DAY, MONTH = Field(0, 59), Field(0, 23), Field(1, 31), Field(1, 12, MONTHS)
WEEKDAY = Field(1, 7, WEEKDAYS, steps=False)
YEAR = Field(1970, 2199, wraps=False)


class Days(Protocol):
    """Which days of a month are meant."""

    def of(self, year: int, month: int) -> Sequence[int]:
        """Their dates, in order."""


@dataclass(frozen=True, slots=True)
class Dates:
    """Days by their date."""

    dates: tuple[int, ...]

    def of(self, year: int, month: int) -> Sequence[int]:
        """Those that the month has."""
        return self.dates[: bisect_left(self.dates, monthrange(year, month)[1] + 1)]


@dataclass(frozen=True, slots=True)
class LastDate:
    """The last day of the month (`L`), or the last from Monday to Friday (`LW`)."""

    weekday: bool

    def of(self, year: int, month: int) -> Sequence[int]:
        """One day."""
        last = monthrange(year, month)[1]
        return (_nearest(year, month, last) if self.weekday else last,)


@dataclass(frozen=True, slots=True)
class NearestWeekday:
    """The day from Monday to Friday that is nearest to a date, in the same month (`15W`)."""

    date: int

    def of(self, year: int, month: int) -> Sequence[int]:
        """One day, or none where the month does not have the date."""
        return (_nearest(year, month, self.date),) if self.date <= monthrange(year, month)[1] else ()


@dataclass(frozen=True, slots=True)
class Weekdays:
    """Days by their day of the week."""

    weekdays: tuple[int, ...]

    def of(self, year: int, month: int) -> Sequence[int]:
        """All of them."""
        return sorted(date for weekday in self.weekdays for date in _dates_of(year, month, weekday))


@dataclass(frozen=True, slots=True)
class Nth:
    """The nth of a day of the week in its month (`3#2`), or the last (`6L`)."""

    weekday: int
    nth: int | None
    """None: the last."""

    def of(self, year: int, month: int) -> Sequence[int]:
        """One day, or none where the month has fewer."""
        dates = _dates_of(year, month, self.weekday)
        return dates[-1:] if self.nth is None else dates[self.nth - 1 : self.nth]


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression: it names local times, whatever the place."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: Days
    months: tuple[int, ...]
    years: tuple[int, ...]

    def times(self, start: datetime) -> Iterator[datetime]:
        """The local times that it names, from a minute on, in order."""
        for year in self.years[bisect_left(self.years, start.year) :]:
            for month in self.months:
                if (year, month) >= (start.year, start.month):
                    yield from self._in_month(year, month, start)

    def _in_month(self, year: int, month: int, start: datetime) -> Iterator[datetime]:
        for day in self.days.of(year, month):
            today = datetime(year, month, day)  # noqa: DTZ001 - a local time, of no place yet
            if today.date() > start.date():
                yield from self._in_day(today, 0, 0)
            elif today.date() == start.date():
                yield from self._in_day(today, start.hour, start.minute)

    def _in_day(self, today: datetime, hour: int, minute: int) -> Iterator[datetime]:
        for each in self.hours[bisect_left(self.hours, hour) :]:
            first = bisect_left(self.minutes, minute) if each == hour else 0
            for other in self.minutes[first:]:
                yield today.replace(hour=each, minute=other)


def parse_cron(text: str, *, with_year: bool = True) -> Cron:
    """Read the six fields of a cron expression, of which the year may be required; raises NoCron."""
    fields = re.split(r"\s+", text.upper())
    if len(fields) == 5 and not with_year:
        fields.append("*")
    if len(fields) != 6:
        raise InvalidCron(text)
    minute, hour, date, month, weekday, year = fields
    if (date == "?") == (weekday == "?"):
        # "If you specify a value or a * in one of the fields, you must use a ? in the other."
        raise InvalidCron(text)
    days = _dates(date) if weekday == "?" else _weekdays(weekday)
    return Cron(_values(minute, MINUTE), _values(hour, HOUR), days, _values(month, MONTH), _values(year, YEAR))


def find_bad_field(text: str) -> tuple[str, str] | None:
    """The first field of six that cannot be read, by its name and as it is written; None where it is none of them."""
    fields = re.split(r"\s+", text.upper())
    readers: Mapping[str, Callable[[str], object]] = {
        "minute": lambda each: _values(each, MINUTE),
        "hour": lambda each: _values(each, HOUR),
        "day of the month": lambda each: each == "?" or _dates(each),
        "month": lambda each: _values(each, MONTH),
        "day of the week": lambda each: each == "?" or _weekdays(each),
        "year": lambda each: _values(each, YEAR),
    }
    if len(fields) == len(readers):
        for (name, read), written in zip(readers.items(), fields, strict=True):
            try:
                read(written)
            except InvalidCron:
                return name, written
    return None


def _dates(text: str) -> Days:
    if text in ("L", "LW"):
        return LastDate(weekday=text == "LW")
    if found := _NEAREST.fullmatch(text):
        return NearestWeekday(_value(found[1], DAY))
    return Dates(_values(text, DAY))


def _weekdays(text: str) -> Days:
    if text == "L":
        return Weekdays((SATURDAY,))
    if found := _LAST.fullmatch(text):
        return Nth(_value(found[1], WEEKDAY), None)
    if found := _NTH.fullmatch(text):
        return Nth(_value(found[1], WEEKDAY), _value(found[2], Field(1, WEEKS)))
    return Weekdays(_values(text, WEEKDAY))


def _values(text: str, field: Field) -> tuple[int, ...]:
    """All values that a list of values, ranges and increments names."""
    return tuple(sorted({value for part in text.split(",") for value in _part(part, field)}))


def _part(text: str, field: Field) -> Sequence[int]:
    found = _PART.fullmatch(text)
    if found is None or (found["low"] == "*" and found["high"]) or (found["step"] and not field.steps):
        raise InvalidCron(text)
    step = int(found["step"] or 1)
    if step < 1:
        raise InvalidCron(text)
    if found["low"] == "*":
        return range(field.low, field.high + 1, step)
    low = _value(found["low"], field)
    if found["high"] is None:
        return range(low, field.high + 1, step) if found["step"] else (low,)
    high = _value(found["high"], field)
    if low > high and not field.wraps:
        raise InvalidCron(text)
    size = field.high - field.low + 1
    span = range(low, high + 1 if low <= high else high + size + 1, step)
    return [field.low + (value - field.low) % size for value in span]


def _value(text: str, field: Field) -> int:
    if text in field.names:
        return field.low + field.names.index(text)
    if not text.isdecimal() or not field.low <= int(text) <= field.high:
        raise InvalidCron(text)
    return int(text)


def _weekday(year: int, month: int, day: int) -> int:
    return datetime(year, month, day).isoweekday() % 7 + 1  # noqa: DTZ001 - a date of the calendar


def _dates_of(year: int, month: int, weekday: int) -> Sequence[int]:
    first, days = monthrange(year, month)
    # monthrange counts from Monday, which is 0
    return range(1 + (weekday - 2 - first) % 7, days + 1, 7)


def _nearest(year: int, month: int, day: int) -> int:
    weekday = _weekday(year, month, day)
    if weekday == SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == SUNDAY:
        return day + 1 if day < monthrange(year, month)[1] else day - 2
    return day
