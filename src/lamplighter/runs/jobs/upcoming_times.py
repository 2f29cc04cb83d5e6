"""List the upcoming times of a schedule, and mark the effects of daylight saving.

Guarantees the times at which EventBridge Scheduler starts a run, in order. Also lists the times that a clock never
shows, so that users see in advance which run is missing one night a year. A rate counts from its start or from its
creation; if neither is known, its times are guesses and are marked so. Pure.
See https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import takewhile
from zoneinfo import ZoneInfo

from lamplighter.lang.schedule import time_zones
from lamplighter.lang.schedule.expression import CronSchedule, OneTimeSchedule, parse_schedule


@dataclass(frozen=True, slots=True)
class Timetable:
    """One schedule of a job, as read from its target or from the job file."""

    expression: str
    zone: str = "UTC"
    enabled: bool = True
    anchor: int | None = None
    """The instant from which a rate counts, in milliseconds since the epoch; None if unknown."""
    start: int | None = None
    end: int | None = None
    window: int = 0
    """The flexible time window in minutes, within which a run begins."""


@dataclass(frozen=True, slots=True)
class UpcomingTime:
    """A time at which a run begins, or would begin if clocks were not set forward over it."""

    instant: int
    local_time: datetime
    """The time that a clock in the schedule's zone shows."""
    timetable: Timetable
    skipped: bool = False
    """True if clocks are set forward over this time, so that no run begins."""
    doubled: bool = False
    """True if clocks show this time twice; the run begins at the first."""

    @property
    def guessed(self) -> bool:
        """True for a time of a rate for which the first instant is unknown."""
        return self.timetable.expression.startswith("rate") and self.timetable.anchor is None


def upcoming_times(timetables: Iterable[Timetable], now: int) -> Iterator[UpcomingTime]:
    """Yield the times of all enabled timetables after an instant, in order; of successive skipped times the first."""
    found = (_without_repeats(times_of(each, now)) for each in timetables if each.enabled)
    return merge(*found, key=lambda time: time.instant)


def next_time(timetables: Iterable[Timetable], now: int) -> UpcomingTime | None:
    """Return the next time at which a run begins, or None."""
    return next((each for each in upcoming_times(timetables, now) if not each.skipped), None)


def times_of(timetable: Timetable, now: int) -> Iterator[UpcomingTime]:
    """Yield the times of one timetable after an instant, including every skipped one."""
    after = now if timetable.start is None else max(now, timetable.start - 1)
    schedule, zone = parse_schedule(timetable.expression, strict=False), time_zones.find_zone(timetable.zone)
    if isinstance(schedule, CronSchedule):
        start = time_zones.to_local(after, zone).replace(second=0, microsecond=0)
        found: Iterator[UpcomingTime] = (_upcoming_time(each, zone, timetable) for each in schedule.cron.times(start))
    elif isinstance(schedule, OneTimeSchedule):
        found = iter([_upcoming_time(schedule.local_time, zone, timetable)])
    else:
        instants = schedule.times(after, timetable.zone, timetable.anchor)
        found = (UpcomingTime(each, time_zones.to_local(each, zone), timetable) for each in instants)
    upcoming = (each for each in found if each.instant > after)
    return upcoming if timetable.end is None else takewhile(lambda time: time.instant <= (timetable.end or 0), upcoming)


def _upcoming_time(local_time: datetime, zone: ZoneInfo, timetable: Timetable) -> UpcomingTime:
    instant = time_zones.to_instant(local_time, zone)
    first, second = (local_time.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    would_be = (local_time.replace(tzinfo=None) - datetime(1970, 1, 1) - first) // timedelta(milliseconds=1)  # noqa: DTZ001
    return UpcomingTime(
        would_be if instant is None else instant, local_time, timetable, instant is None, doubled=first > second
    )


def _without_repeats(times: Iterable[UpcomingTime]) -> Iterator[UpcomingTime]:
    """Drop every skipped time that follows another one, such as those of an hour in which a run begins each minute."""
    skipped = False
    for each in times:
        if not (skipped and each.skipped):
            yield each
        skipped = each.skipped
