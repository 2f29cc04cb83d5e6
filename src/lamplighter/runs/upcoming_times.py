"""The times that are to come of a schedule, and what daylight saving does to them.

Promises the times at which EventBridge Scheduler starts a run, in order, and beside them those that a clock never
shows: a run that is missing one night a year is seen before it is missed. A rate counts from its start or from when it
was made; where neither is known its times are guesses, and say so. Pure.
See https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import takewhile
from zoneinfo import ZoneInfo

from lamplighter.lang.schedule import time_zones
from lamplighter.lang.schedule.expression import Calendar, Once, parse_schedule


@dataclass(frozen=True, slots=True)
class Timetable:
    """One schedule of a job, as the target or the job file has it."""

    expression: str
    zone: str = "UTC"
    enabled: bool = True
    anchor: int | None = None
    """From when a rate counts, in milliseconds since the epoch; None where nobody says."""
    start: int | None = None
    end: int | None = None
    window: int = 0
    """Minutes within which a run begins."""


@dataclass(frozen=True, slots=True)
class UpcomingTime:
    """One time at which a run is to begin; or, of a skipped one, would have begun."""

    instant: int
    shown: datetime
    """What a clock there shows."""
    table: Timetable
    skipped: bool = False
    """Clocks are set forward over it: there is no run."""
    doubled: bool = False
    """Clocks show it twice: the run begins at the first."""

    @property
    def guessed(self) -> bool:
        """Whether it is a time of a rate of which nobody says from when it counts."""
        return self.table.expression.startswith("rate") and self.table.anchor is None


def upcoming_times(tables: Iterable[Timetable], now: int) -> Iterator[UpcomingTime]:
    """The times after an instant, of all timetables that are enabled, in order; skipped in a row, only the first."""
    found = (_without_repeats(times_of(each, now)) for each in tables if each.enabled)
    return merge(*found, key=lambda time: time.instant)


def next_time(tables: Iterable[Timetable], now: int) -> UpcomingTime | None:
    """The next time at which a run begins."""
    return next((each for each in upcoming_times(tables, now) if not each.skipped), None)


def times_of(table: Timetable, now: int) -> Iterator[UpcomingTime]:
    """The times of one timetable after an instant, each of those that are skipped among them."""
    after = now if table.start is None else max(now, table.start - 1)
    schedule, where = parse_schedule(table.expression, strict=False), time_zones.find_zone(table.zone)
    if isinstance(schedule, Calendar):
        start = time_zones.to_local(after, where).replace(second=0, microsecond=0)
        found: Iterator[UpcomingTime] = (_shown(each, where, table) for each in schedule.cron.times(start))
    elif isinstance(schedule, Once):
        found = iter([_shown(schedule.shown, where, table)])
    else:
        instants = schedule.times(after, table.zone, table.anchor)
        found = (UpcomingTime(each, time_zones.to_local(each, where), table) for each in instants)
    fresh = (each for each in found if each.instant > after)
    return fresh if table.end is None else takewhile(lambda time: time.instant <= (table.end or 0), fresh)


def _shown(shown: datetime, where: ZoneInfo, table: Timetable) -> UpcomingTime:
    instant = time_zones.to_instant(shown, where)
    first, second = (shown.replace(tzinfo=where, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    would_be = (shown.replace(tzinfo=None) - datetime(1970, 1, 1) - first) // timedelta(milliseconds=1)  # noqa: DTZ001
    return UpcomingTime(would_be if instant is None else instant, shown, table, instant is None, doubled=first > second)


def _without_repeats(times: Iterable[UpcomingTime]) -> Iterator[UpcomingTime]:
    """Of times that are skipped one after another the first: that of an hour in which there is a run each minute."""
    skipped = False
    for each in times:
        if not (skipped and each.skipped):
            yield each
        skipped = each.skipped
