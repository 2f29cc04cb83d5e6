"""List the next times at which a job's schedules start it, with the times that a clock change removes.

Pure: the caller passes the time. See https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from operator import attrgetter

from lamplighter.base.errors import LamplighterError
from lamplighter.console.data.jobs.job_schedules import JobSchedule
from lamplighter.runs.jobs.upcoming_times import Timetable, UpcomingTime, upcoming_times

SLOTS = 3
MAX_MISSING = 3
"""The most missing times that are listed among the next slots."""


@dataclass(frozen=True, slots=True)
class NextSlot:
    """A time at which the job starts, or would start if clocks did not skip it."""

    local_time: str
    """The time that a clock in the schedule's zone shows: Sun 29 Mar 02:30."""
    zone: str
    instant: float
    """Seconds since the epoch."""
    is_missing: bool
    """Whether clocks are set forward over it, so that no run starts."""
    is_doubled: bool
    """Whether clocks show it twice; the run starts at the first."""


def next_slots(schedules: Iterable[JobSchedule], now: int) -> Sequence[NextSlot]:
    """Return the next slots of all schedules together; `now` is in milliseconds since the epoch."""
    timetables = [each.timetable for each in schedules if each.timetable is not None and each.enabled]
    found: list[NextSlot] = []
    times = merge(*(_times(each, now) for each in timetables), key=attrgetter("instant"))
    for time in islice(times, SLOTS + MAX_MISSING):
        found.append(_describe(time))
        if sum(not each.is_missing for each in found) == SLOTS:
            break
    return found


def _times(timetable: Timetable, now: int) -> Iterator[UpcomingTime]:
    try:
        yield from upcoming_times([timetable], now)
    except LamplighterError:  # a schedule from elsewhere that cannot be read has no times
        return


def _describe(time: UpcomingTime) -> NextSlot:
    zone = time.timetable.zone
    return NextSlot(f"{time.local_time:%a %d %b %H:%M}", zone, time.instant / 1000, time.skipped, time.doubled)
