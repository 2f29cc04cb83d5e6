"""Parse AWS's cron expressions: six fields, of which one of the two for days is `?`.

Guarantees to compute the days of an expression by arithmetic, month by month, so that a schedule of once in four years
costs no more than one of every minute. Rejects forms that are neither in AWS's table of fields nor in its examples.
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html.
"""

import re
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from lamplighter.base.errors import LamplighterError

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
SATURDAY, SUNDAY = 7, 1
"""AWS's numbers of these weekdays. AWS counts weekdays from Sunday, 1 to 7."""

_VALUE = "[0-9]{1,4}|[A-Z]{3}"
_PART = re.compile(rf"(?P<low>{_VALUE}|\*)(?:-(?P<high>{_VALUE}))?(?:/(?P<step>[0-9]{{1,4}}))?")
_NEAREST = re.compile(r"([0-9]{1,2})W")
_LAST = re.compile(rf"({_VALUE})L")
_NTH = re.compile(rf"({_VALUE})#([0-9])")


class InvalidCron(LamplighterError):
    """A text that is not a cron expression, or not a value of its field."""

    def __init__(self, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.field = field
        """The name of the field; None if the fields do not fit together."""


@dataclass(frozen=True, slots=True)
class CronField:
    """The values that a field accepts."""

    name: str
    low: int
    high: int
    names: Sequence[str] = ()
    """Names of the values, starting with the name of `low`."""
    steps: bool = True
    """Whether AWS's table allows the slash in this field."""
    wraps: bool = True
    """Whether a range may continue past the highest value: "0/30 20-2 ? * MON-FRI *" is one of AWS's examples."""


MINUTE, HOUR, DAY = CronField("minute", 0, 59), CronField("hour", 0, 23), CronField("day of the month", 1, 31)
MONTH = CronField("month", 1, 12, MONTHS)
WEEKDAY = CronField("day of the week", 1, 7, WEEKDAYS, steps=False)
WEEK = CronField("week", 1, 5)
YEAR = CronField("year", 1970, 2199, wraps=False)


@dataclass(frozen=True, slots=True)
class DayRule:
    """The days of each month that an expression selects."""

    select: Callable[..., Sequence[int]]
    """A function that returns the dates of a month in order, given the year, the month and the values."""
    values: tuple[int, ...]

    def dates_in(self, year: int, month: int) -> Sequence[int]:
        """Return the dates of a month, in order."""
        return self.select(year, month, *self.values)


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression; it names local times and knows no time zone."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: DayRule
    months: tuple[int, ...]
    years: tuple[int, ...]

    def times(self, start: datetime) -> Iterator[datetime]:
        """Yield the local times of the expression in order, starting with the minute `start`."""
        for day in self.dates(start):
            yield from self.times_of_day(day, *(() if day > start else (start.hour, start.minute)))

    def dates(self, start: datetime) -> Iterator[datetime]:
        """Yield the days of the expression in order, as their first moments, starting with the day of `start`."""
        first = start.replace(hour=0, minute=0, second=0, microsecond=0)
        for year in self.years[bisect_left(self.years, start.year) :]:
            for month in self.months:
                if (year, month) >= (start.year, start.month):
                    # a local time whose zone is not known yet
                    days = (datetime(year, month, date) for date in self.days.dates_in(year, month))  # noqa: DTZ001
                    yield from (day for day in days if day >= first)

    def times_of_day(self, today: datetime, hour: int = 0, minute: int = 0) -> Iterator[datetime]:
        """Yield the times of one of the expression's days, beginning with a time."""
        for each in self.hours[bisect_left(self.hours, hour) :]:
            first = bisect_left(self.minutes, minute) if each == hour else 0
            yield from (today.replace(hour=each, minute=other) for other in self.minutes[first:])


def parse_cron(text: str, *, with_year: bool = True) -> Cron:
    """Parse the six fields of a cron expression. Raises `InvalidCron`. Without `with_year`, the year may be missing."""
    fields = re.split(r"\s+", text.upper())
    if len(fields) == 5 and not with_year:
        fields.append("*")
    if len(fields) != 6:
        raise InvalidCron(text)
    minute, hour, date, month, weekday, year = fields
    if (date == "?") == (weekday == "?"):
        # "If you specify a value or a * in one of the fields, you must use a ? in the other."
        raise InvalidCron(text)
    days = _parse_dates(date) if weekday == "?" else _parse_weekdays(weekday)
    return Cron(
        parse_values(minute, MINUTE),
        parse_values(hour, HOUR),
        days,
        parse_values(month, MONTH),
        parse_values(year, YEAR),
    )


def parse_values(text: str, field: CronField) -> tuple[int, ...]:
    """Return all values that a list of values, ranges and increments names, in order. Raises `InvalidCron`."""
    return tuple(sorted({value for part in text.split(",") for value in _parse_part(part, field)}))


def _parse_dates(text: str) -> DayRule:
    if text in ("L", "LW"):
        return DayRule(_last_date if text == "L" else _last_workday, ())
    if found := _NEAREST.fullmatch(text):
        return DayRule(_nearest_workday, (_parse_value(found[1], DAY),))
    return DayRule(_dates, parse_values(text, DAY))


def _parse_weekdays(text: str) -> DayRule:
    if text == "L":
        return DayRule(_weekdays, (SATURDAY,))
    if found := _LAST.fullmatch(text):
        return DayRule(_last_weekday, (_parse_value(found[1], WEEKDAY),))
    if found := _NTH.fullmatch(text):
        return DayRule(_nth_weekday, (_parse_value(found[1], WEEKDAY), _parse_value(found[2], WEEK)))
    return DayRule(_weekdays, parse_values(text, WEEKDAY))


def _parse_part(text: str, field: CronField) -> Sequence[int]:
    found = _PART.fullmatch(text)
    if found is None or (found["low"] == "*" and found["high"]) or (found["step"] and not field.steps):
        raise InvalidCron(text, field.name)
    step = int(found["step"] or 1)
    if step < 1:
        raise InvalidCron(text, field.name)
    if found["low"] == "*":
        return range(field.low, field.high + 1, step)
    low = _parse_value(found["low"], field)
    if found["high"] is None:
        return range(low, field.high + 1, step) if found["step"] else (low,)
    high = _parse_value(found["high"], field)
    if low > high and not field.wraps:
        raise InvalidCron(text, field.name)
    size = field.high - field.low + 1
    span = range(low, high + 1 if low <= high else high + size + 1, step)
    return [field.low + (value - field.low) % size for value in span]


def _parse_value(text: str, field: CronField) -> int:
    if text in field.names:
        return field.low + field.names.index(text)
    if not text.isdecimal() or not field.low <= int(text) <= field.high:
        raise InvalidCron(text, field.name)
    return int(text)


def _dates(year: int, month: int, *dates: int) -> Sequence[int]:
    return dates[: bisect_left(dates, monthrange(year, month)[1] + 1)]


def _last_date(year: int, month: int) -> Sequence[int]:
    return (monthrange(year, month)[1],)


def _last_workday(year: int, month: int) -> Sequence[int]:
    return _nearest_workday(year, month, monthrange(year, month)[1])


def _nearest_workday(year: int, month: int, date: int) -> Sequence[int]:
    """Return the day from Monday to Friday that is nearest to a date, in the same month (`15W`)."""
    last = monthrange(year, month)[1]
    if date > last:
        return ()
    weekday = datetime(year, month, date).isoweekday() % 7 + 1  # noqa: DTZ001 - a date of the calendar
    if weekday == SATURDAY:
        return (date - 1 if date > 1 else date + 2,)
    if weekday == SUNDAY:
        return (date + 1 if date < last else date - 2,)
    return (date,)


def _weekdays(year: int, month: int, *weekdays: int) -> Sequence[int]:
    first, days = monthrange(year, month)
    # monthrange counts from Monday, which is 0
    return sorted(date for each in weekdays for date in range(1 + (each - 2 - first) % 7, days + 1, 7))


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> Sequence[int]:
    """Return the nth occurrence of a weekday in a month (`3#2`), or nothing if the month has fewer."""
    return _weekdays(year, month, weekday)[nth - 1 : nth]


def _last_weekday(year: int, month: int, weekday: int) -> Sequence[int]:
    return _weekdays(year, month, weekday)[-1:]
