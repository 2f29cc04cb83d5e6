"""What is due in the next seven days, day by day, as clocks of a place show it.

Promises to mark the nights on which clocks are set: how long the day is, which local times of a schedule are skipped
that night, and which come twice and count once (`lang/schedule/time_zones.py`). What is due very often is named once a
day, not listed. Pure: the time is handed in.
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
"""A schedule that is due more often than this in a week is not listed time by time."""
SHOWN = 150
"""Of a day's times: those that are listed."""
HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class PlannedSchedule:
    """One schedule or rule that is switched on."""

    name: str
    kind: str
    """schedule or rule"""
    about: Mapping[str, Json]
    """As GetSchedule has it, or the like of it."""
    url: str | None
    """The page of what it starts."""
    counted: bool = True
    """Whether anybody but EventBridge knows from when a rate counts."""

    @property
    def expression(self) -> str:
        """As its author wrote it."""
        found: str = self.about["ScheduleExpression"]
        return found

    @property
    def zone(self) -> str:
        """The IANA name of its time zone."""
        return self.about.get("ScheduleExpressionTimezone") or "UTC"


@dataclass(frozen=True, slots=True, order=True)
class PlannedTime:
    """One time at which something is due, or would be if the clocks showed it."""

    time: float
    """Seconds since the epoch."""
    shown: str
    """02:30, by the clocks of the place."""
    own: str
    """By those of the schedule's own zone, where they differ."""
    name: str
    url: str | None
    mark: str
    """What daylight saving does to it: skipped, twice or nothing."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the place."""

    date: date
    note: str
    """What becomes of the clocks on this day; nothing on most."""
    moments: Sequence[PlannedTime]
    more: int
    """How many more there are than are listed."""


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days."""

    days: Sequence[Day]
    often: Sequence[PlannedSchedule]
    """What is due too often to be listed, or at times that nobody knows."""


def build_week(
    plans: Sequence[PlannedSchedule], due: Sequence[Sequence[PlannedTime] | None], now: int, where: ZoneInfo
) -> Week:
    """What is due, as `moments` has it for each plan, by days; `now` in milliseconds since the epoch."""
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
    """When it is due in the seven days; None where that is too often, or nobody knows."""
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
    """What people call a zone."""
    return zone.rpartition("/")[2].replace("_", " ")


def _midnight(day: date, where: ZoneInfo) -> int:
    """When a day begins there, in milliseconds since the epoch, whether or not clocks show midnight."""
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
