"""Calculate the longest interval between the times of schedules; a longer time without a start means a missing run.

A day on which clocks do not change has the same times as any other, so a year costs little, whatever the schedule. A
schedule of every hour, or more often, pauses while clocks show an hour again. That is no reason to wait longer on all
other days, so this pause does not count.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

from lamplighter.lang.schedule import time_zones
from lamplighter.lang.schedule.cron import Cron
from lamplighter.lang.schedule.expression import CronSchedule, RateSchedule, parse_schedule

FIRST_DAY = datetime(2026, 1, 1)  # noqa: DTZ001 - a day of any time zone
"""A fixed day, because the same schedules must always have the same interval."""
YEAR, SECOND = timedelta(days=366), timedelta(seconds=1)
HOUR_SECONDS, DAY_SECONDS = 3_600, 86_400
EPOCH_SECONDS = time_zones.EPOCH.toordinal() * DAY_SECONDS


@lru_cache(maxsize=4096)  # a changed file repeats most schedules
def longest_interval(expressions: tuple[str, ...], zone: str) -> int | None:
    """Return the longest interval between two times of schedules in seconds, or None if there are not two in a year.

    A rate begins when its schedule is created, so its place between the times of other schedules is unknown.
    """
    schedules = [parse_schedule(each) for each in expressions]
    intervals = [each.period // 1000 for each in schedules if isinstance(each, RateSchedule)]
    days = _days_of_year([each.cron for each in schedules if isinstance(each, CronSchedule)])
    utc = time_zones.find_zone("UTC")
    is_hourly = all(each <= HOUR_SECONDS for each in _intervals(days, utc))
    longest = max(_intervals(days, utc if is_hourly else time_zones.find_zone(zone)), default=0)
    return min([*intervals, *([longest] if longest else [])], default=None)


def _days_of_year(crons: Sequence[Cron]) -> dict[datetime, tuple[int, ...]]:
    """Return the times of each day in the year that begins with the first one, in seconds since midnight."""
    dates = [_dates_of_year(replace(each, minutes=(), hours=())) for each in crons]
    end = min((each[0] for each in dates if each), default=FIRST_DAY) + YEAR
    days: dict[datetime, tuple[int, ...]] = {}
    for number, each in enumerate(dates):
        for day in takewhile(end.__gt__, each):
            days[day] = (*days.get(day, ()), number)
    times = {each: _times_of_day([crons[number] for number in each]) for each in set(days.values())}
    return {day: times[numbers] for day, numbers in sorted(days.items())}


@lru_cache(maxsize=64)  # most schedules of a project differ in their hours only
def _dates_of_year(cron: Cron) -> tuple[datetime, ...]:
    """Return the days of the year that begins with an expression's first day."""
    end = next(cron.dates(FIRST_DAY), FIRST_DAY) + YEAR
    return tuple(takewhile(end.__gt__, cron.dates(FIRST_DAY)))


def _times_of_day(crons: Sequence[Cron]) -> tuple[int, ...]:
    seconds = {60 * (60 * hour + minute) for each in crons for hour in each.hours for minute in each.minutes}
    return tuple(sorted(seconds))


def _intervals(days: Mapping[datetime, tuple[int, ...]], zone: ZoneInfo) -> Iterator[int]:
    """Yield the intervals between successive times in seconds; those within successive ordinary days only once."""
    last, known = None, None
    for day, times in days.items():
        if time_zones.has_clock_change(day, zone):
            found = (time_zones.to_instant(day + each * SECOND, zone) for each in times)
            instants = [EPOCH_SECONDS + each // 1000 for each in found if each is not None]
            yield from _differences(instants)
        else:
            midnight = day.toordinal() * DAY_SECONDS - (zone.utcoffset(day) or timedelta()) // SECOND
            instants = [midnight + times[0], midnight + times[-1]]
            yield from () if times is known else _differences(times)
            known = times
        if last is not None and instants:
            yield instants[0] - last
        last = instants[-1] if instants else last


def _differences(times: Sequence[int]) -> Iterator[int]:
    return (later - earlier for earlier, later in pairwise(times))
