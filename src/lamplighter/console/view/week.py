"""List what is due in the next seven days, day by day, in a time zone.

Marks the days on which clocks change: the length of the day, the local times of a schedule that are skipped, and those
that occur twice and count once (`lang/schedule/time_zones.py`). Schedules that are due very often are named once a week
and not listed. Pure: the caller passes the time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.lang.schedule import time_zones
from lamplighter.runs import schedules
from lamplighter.runs.upcoming_times import UpcomingTime, times_of

DAYS = 7
OFTEN = 6 * DAYS
"""A schedule with more times than this in the week is not listed time by time."""
SHOWN = 150
"""The most times that are listed for a day."""
HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class PlannedSchedule:
    """An enabled schedule or rule."""

    name: str
    kind: str
    """schedule or rule"""
    about: Mapping[str, Json]
    """The schedule from GetSchedule, or a rule with the same fields."""
    url: str | None
    """The page of the resource that it starts."""
    counted: bool = True
    """Whether its times can be calculated. False for a rule's rate, whose start only EventBridge knows."""

    @property
    def expression(self) -> str:
        """The schedule expression as its author wrote it."""
        found: str = self.about["ScheduleExpression"]
        return found

    @property
    def zone(self) -> str:
        """The IANA name of its time zone."""
        return self.about.get("ScheduleExpressionTimezone") or "UTC"


@dataclass(frozen=True, slots=True, order=True)
class PlannedTime:
    """A time at which a schedule is due, or would be due if clocks did not skip it."""

    time: float
    """The time in seconds since the epoch."""
    shown: str
    """The local time in the chosen time zone: 02:30."""
    own: str
    """The local time in the schedule's own time zone if it differs, else empty."""
    name: str
    url: str | None
    mark: str
    """The effect of a clock change on it: skipped, twice or empty."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day in the chosen time zone."""

    date: date
    note: str
    """The clock change on this day; empty on most days."""
    moments: Sequence[PlannedTime]
    more: int
    """The number of further times that are not listed."""


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days."""

    days: Sequence[Day]
    often: Sequence[PlannedSchedule]
    """The schedules that are due too often to be listed, or whose times are unknown."""


def build_week(
    plans: Sequence[PlannedSchedule], due: Sequence[Sequence[PlannedTime] | None], now: int, where: ZoneInfo
) -> Week:
    """Sort the times of all plans, from `planned_times`, into days; `now` is in milliseconds since the epoch."""
    dates = _dates(now, where)
    found: dict[date, list[PlannedTime]] = {each: [] for each in dates}
    for moment in (moment for each in due for moment in each or ()):
        day = time_zones.to_local(round(moment.time * 1000), where).date()
        if day in found:
            found[day].append(moment)
    days = [
        Day(each, _note(each, where), sorted(found[each])[:SHOWN], max(0, len(found[each]) - SHOWN)) for each in dates
    ]
    return Week(days, [plan for plan, each in zip(plans, due, strict=True) if each is None])


def _dates(now: int, where: ZoneInfo) -> Sequence[date]:
    first = time_zones.to_local(now, where).date()
    return [first + timedelta(days=offset) for offset in range(DAYS)]


def planned_times(plan: PlannedSchedule, now: int, where: ZoneInfo) -> Sequence[PlannedTime] | None:
    """Return the plan's times in the seven days. None if there are too many or they are unknown."""
    if not plan.counted:
        return None
    end = _midnight(_dates(now, where)[-1] + timedelta(days=1), where)
    try:
        week = takewhile(lambda time: time.instant < end, times_of(schedules.schedule_timetable(plan.about), now))
        due = list(islice(week, OFTEN + 1))
    except LamplighterError:
        return ()
    return None if len(due) > OFTEN else [_moment(plan, each, where) for each in due]


def _moment(plan: PlannedSchedule, time: UpcomingTime, where: ZoneInfo) -> PlannedTime:
    skipped_here = time.skipped and where.key == plan.zone
    shown = time.shown if skipped_here else time_zones.to_local(time.instant, where)
    by_clock = not plan.expression.startswith("rate")
    own = f"{time.shown:%a %H:%M} {_city(plan.zone)}" if by_clock and shown != time.shown else ""
    mark = "skipped" if time.skipped else "twice" if time.doubled else ""
    return PlannedTime(time.instant / 1000, f"{shown:%H:%M}", own, plan.name, plan.url, mark)


def _city(zone: str) -> str:
    """Return the city in a time zone's name."""
    return zone.rpartition("/")[2].replace("_", " ")


def _midnight(day: date, where: ZoneInfo) -> int:
    """Return when a day begins, in milliseconds since the epoch, even if clocks skip midnight."""
    return round(datetime(day.year, day.month, day.day, tzinfo=where).timestamp() * 1000)


def _note(day: date, where: ZoneInfo) -> str:
    begin, end = _midnight(day, where), _midnight(day + timedelta(days=1), where)
    if end - begin == 24 * HOUR:
        return ""
    minutes = range(begin, end, HOUR // 4)
    jump = next(at for at in minutes if _offset(at, where) != _offset(at - 1, where))
    way = "forward" if end - begin < 24 * HOUR else "back"
    before = time_zones.to_local(jump - 1, where) + timedelta(minutes=1)
    after = time_zones.to_local(jump, where)
    return f"clocks go {way} from {before:%H:%M} to {after:%H:%M}: {(end - begin) / HOUR:g} hours"


def _offset(instant: int, where: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(instant / 1000, where).utcoffset()
