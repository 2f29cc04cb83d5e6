"""List what is due in the next seven days, day by day, in one time zone.

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
from lamplighter.console.view.clock import repeated_offset
from lamplighter.lang.schedule import time_zones
from lamplighter.runs.jobs import schedules
from lamplighter.runs.jobs.job_machine import is_supporting_machine
from lamplighter.runs.jobs.upcoming_times import UpcomingTime, times_of

DAYS = 7
MAX_LISTED_PER_WEEK = 6 * DAYS
"""A schedule with more times than this in the week is not listed time by time."""
MAX_LISTED_PER_DAY = 150
"""The most times that are listed for a day."""
HOUR_MILLISECONDS = 3_600_000


@dataclass(frozen=True, slots=True)
class PlannedSchedule:
    """An enabled schedule or rule."""

    name: str
    """The name of the job that it starts, or else its own."""
    kind: str
    """schedule or rule"""
    about: Mapping[str, Json]
    """The schedule from GetSchedule, or a rule with the same fields."""
    url: str | None
    """The page of the resource that it starts."""
    is_predictable: bool = True
    """Whether its times can be calculated. False for a rule's rate, whose start only EventBridge knows."""

    @property
    def is_supporting(self) -> bool:
        """Whether it only checks that another schedule has started a job."""
        return self.kind == "schedule" and is_supporting_machine(schedules.started_arn(self.about["Target"]))

    @property
    def expression(self) -> str:
        """The schedule expression as its author wrote it."""
        return str(self.about["ScheduleExpression"])

    @property
    def zone(self) -> str:
        """The IANA name of its time zone."""
        return self.about.get("ScheduleExpressionTimezone") or "UTC"


@dataclass(frozen=True, slots=True, order=True)
class PlannedTime:
    """A time at which a schedule is due, or would be due if clocks did not skip it."""

    time: float
    """The time in seconds since the epoch."""
    day: date
    local_time: str
    """The local time in the shown time zone: 02:30."""
    schedule_time: str
    """The local time in the schedule's own time zone if another one is shown and the times differ, else empty."""
    name: str
    url: str | None
    clock_change: str
    """The effect of a clock change on it: skipped, twice or empty."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the shown time zone."""

    date: date
    note: str
    """The clock change on this day; empty on most days."""
    times: Sequence[PlannedTime]
    more: int
    """The number of further times that are not listed."""


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days."""

    days: Sequence[Day]
    unlisted: Sequence[PlannedSchedule]
    """The schedules that are due too often to be listed, or whose times are unknown."""


def build_week(
    plans: Sequence[PlannedSchedule], due: Sequence[Sequence[PlannedTime] | None], now: int, time_zone: ZoneInfo
) -> Week:
    """Group the times of all schedules (`planned_times`) by the days of the shown time zone; `now` is in milliseconds
    since the epoch.
    """
    dates = _dates(now, time_zone)
    found: dict[date, list[PlannedTime]] = {each: [] for each in dates}
    for time in (time for each in due for time in each or ()):
        if time.day in found:
            found[time.day].append(time)
    days = [
        Day(
            each,
            _describe_clock_change(each, time_zone),
            sorted(found[each])[:MAX_LISTED_PER_DAY],
            max(0, len(found[each]) - MAX_LISTED_PER_DAY),
        )
        for each in dates
    ]
    return Week(days, [plan for plan, each in zip(plans, due, strict=True) if each is None])


def _dates(now: int, time_zone: ZoneInfo) -> list[date]:
    first = time_zones.to_local(now, time_zone).date()
    return [first + timedelta(days=offset) for offset in range(DAYS)]


def planned_times(plan: PlannedSchedule, now: int, time_zone: ZoneInfo) -> Sequence[PlannedTime] | None:
    """Return the plan's times in the seven days of the zone in which they are shown. None if there are too many or they
    are unknown.
    """
    if not plan.is_predictable:
        return None
    end = _midnight(_dates(now, time_zone)[-1] + timedelta(days=1), time_zone)
    try:
        week = takewhile(lambda time: time.instant < end, times_of(schedules.schedule_timetable(plan.about), now))
        due = list(islice(week, MAX_LISTED_PER_WEEK + 1))
    except LamplighterError:
        return ()
    return None if len(due) > MAX_LISTED_PER_WEEK else [_planned_time(plan, each, time_zone) for each in due]


def _planned_time(plan: PlannedSchedule, time: UpcomingTime, time_zone: ZoneInfo) -> PlannedTime:
    skipped_here = time.skipped and time_zone.key == plan.zone
    shown = time.local_time if skipped_here else time_zones.to_local(time.instant, time_zone)
    by_clock = not plan.expression.startswith("rate")
    schedule_time = f"{time.local_time:%a %H:%M} {_city(plan.zone)}" if by_clock and shown != time.local_time else ""
    clock_change = "skipped" if time.skipped else "twice" if time.doubled else ""
    offset = "" if time.skipped else repeated_offset(datetime.fromtimestamp(time.instant / 1000, time_zone))
    return PlannedTime(
        time.instant / 1000, shown.date(), f"{shown:%H:%M}{offset}", schedule_time, plan.name, plan.url,
        clock_change,
    )  # fmt: skip


def _city(zone: str) -> str:
    """Return the city in a time zone's name."""
    return zone.rpartition("/")[2].replace("_", " ")


def _midnight(day: date, time_zone: ZoneInfo) -> int:
    """Return when a day begins, in milliseconds since the epoch, even if clocks skip midnight."""
    return round(datetime(day.year, day.month, day.day, tzinfo=time_zone).timestamp() * 1000)


def _describe_clock_change(day: date, time_zone: ZoneInfo) -> str:
    begin, end = _midnight(day, time_zone), _midnight(day + timedelta(days=1), time_zone)
    if end - begin == 24 * HOUR_MILLISECONDS:
        return ""
    minutes = range(begin, end, HOUR_MILLISECONDS // 4)
    jump = next(at for at in minutes if _offset(at, time_zone) != _offset(at - 1, time_zone))
    direction = "forward" if end - begin < 24 * HOUR_MILLISECONDS else "back"
    before = time_zones.to_local(jump - 1, time_zone) + timedelta(minutes=1)
    after = time_zones.to_local(jump, time_zone)
    return f"clocks go {direction} from {before:%H:%M} to {after:%H:%M}: {(end - begin) / HOUR_MILLISECONDS:g} hours"


def _offset(instant: int, time_zone: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(instant / 1000, time_zone).utcoffset()
