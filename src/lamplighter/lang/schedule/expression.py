"""Parse AWS's schedule expressions: `rate(5 minutes)`, `cron(0 18 ? * MON-FRI *)`, `at(2026-12-31T23:59:59)`.

Guarantees exactly AWS's grammar and its rule for daylight saving time (`lang/schedule/time_zones.py`), and that a rate
is counted from its anchor, never from the current time. Does not read the clock.
See https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from lamplighter.base.errors import LamplighterError
from lamplighter.lang.schedule import cron, time_zones

MINUTE_MILLISECONDS = 60_000
UNIT_MILLISECONDS = {
    "minute": MINUTE_MILLISECONDS,
    "hour": 60 * MINUTE_MILLISECONDS,
    "day": 24 * 60 * MINUTE_MILLISECONDS,
}
"""Milliseconds of each unit. A day of a rate is always 24 hours, even when clocks change."""
MAX_RATE_VALUE = 2**31 - 1
MAX_INSTANT = 253_402_300_800_000
"""Milliseconds since the epoch at the end of the year 9999, the last one of the calendar."""

_RATE = re.compile(r"rate\(([0-9]{1,10})\s+(minute|hour|day)(s?)\)")
_CRON = re.compile(r"cron\((\S.*\S)\)")
_AT = re.compile(r"at\(([0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2})\)")

Kind = Literal["rate", "cron", "at"]


class InvalidSchedule(LamplighterError):
    """A text that is not a schedule expression."""


@dataclass(frozen=True, slots=True)
class Schedule(ABC):
    """The times that a schedule expression names."""

    kind: ClassVar[Kind]
    """The word with which the expression begins."""

    def next(self, after_ms: int, zone: str = "UTC", anchor_ms: int | None = None) -> int | None:
        """Return the schedule's first time after an instant, or None; both are in milliseconds since the epoch."""
        return next(self.times(after_ms, zone, anchor_ms), None)

    @abstractmethod
    def times(self, after_ms: int, zone: str = "UTC", anchor_ms: int | None = None) -> Iterator[int]:
        """Yield all times after an instant, in order; this costs less than repeated calls of `next`."""


@dataclass(frozen=True, slots=True)
class RateSchedule(Schedule):
    """A schedule with a fixed period."""

    kind = "rate"
    period: int
    """Milliseconds between two times."""

    def times(self, after_ms: int, _zone: str = "UTC", anchor_ms: int | None = None) -> Iterator[int]:
        """Yield the anchor (by default the instant itself) and the times a whole number of periods later."""
        anchor = after_ms if anchor_ms is None else anchor_ms
        first = anchor if after_ms < anchor else after_ms + self.period - (after_ms - anchor) % self.period
        return iter(range(first, MAX_INSTANT, self.period))


@dataclass(frozen=True, slots=True)
class CronSchedule(Schedule):
    """A cron schedule: times as the clocks of a time zone show them."""

    kind = "cron"
    cron: cron.Cron

    def times(self, after_ms: int, zone: str = "UTC", _anchor_ms: int | None = None) -> Iterator[int]:
        """Yield the times at which the clocks of the zone show times that the expression names."""
        zone_info = time_zones.find_zone(zone)
        start = time_zones.to_local(after_ms, zone_info).replace(second=0, microsecond=0)
        instants = (time_zones.to_instant(shown, zone_info) for shown in self.cron.times(start))
        return (found for found in instants if found is not None and found > after_ms)


@dataclass(frozen=True, slots=True)
class OneTimeSchedule(Schedule):
    """A schedule of one time, as the clocks of a time zone show it."""

    kind = "at"
    local_time: datetime

    def times(self, after_ms: int, zone: str = "UTC", _anchor_ms: int | None = None) -> Iterator[int]:
        """Yield the time of the schedule, unless it has passed or the zone's clocks never show it."""
        found = time_zones.to_instant(self.local_time, time_zones.find_zone(zone))
        return iter(() if found is None or found <= after_ms else (found,))


def parse_schedule(text: str, *, strict: bool = True) -> Schedule:
    """Parse a schedule expression. Raises `InvalidSchedule`.

    `strict` applies the grammar of EventBridge's rules: "If the value is equal to 1, then the unit must be singular. If
    the value is greater than 1, the unit must be plural", and a cron expression has six fields. EventBridge Scheduler
    accepts `rate(1 days)` and needs no year: "five required fields …, and one optional field, year".
    """
    if found := _RATE.fullmatch(text):
        return _parse_rate(text, int(found[1]), found[2], plural=bool(found[3]), strict=strict)
    if found := _CRON.fullmatch(text):
        try:
            return CronSchedule(cron.parse_cron(found[1], with_year=strict))
        except cron.InvalidCron:
            raise InvalidSchedule(text) from None
    if found := _AT.fullmatch(text):
        try:
            return OneTimeSchedule(datetime.fromisoformat(found[1]))
        except ValueError:
            raise InvalidSchedule(text) from None
    raise InvalidSchedule(text)


def _parse_rate(text: str, value: int, unit: str, *, plural: bool, strict: bool) -> RateSchedule:
    if not 1 <= value <= MAX_RATE_VALUE or (strict and plural != (value > 1)):
        raise InvalidSchedule(text)
    return RateSchedule(value * UNIT_MILLISECONDS[unit])
