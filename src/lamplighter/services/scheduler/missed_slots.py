"""Decide which missed slots of a schedule run late: all, only the last one, or none. Pure.

A slot that fires more than a minute late (AWS's own precision) was missed, because no engine ran. The schedule's
`missed` is the policy; slots older than its `within`, or without it than the target's maximum event age, never run.
AWS has no such policy, because its Scheduler is always running.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from lamplighter.services.scheduler import schedule_times
from lamplighter.services.scheduler.tables.schedules import Schedule

ALL, LAST, NONE = "all", "last", "none"
MISSED_POLICIES = (ALL, LAST, NONE)
MAX_LATENESS = 60_000
"""The most milliseconds by which a slot may be late and still be on time: "all schedule types … invoke their targets
with 60 second precision"."""
MAX_EXAMINED_PER_TURN = 2_000
"""The most missed slots that are examined in one turn: about 5 ms."""
MAX_LATE_RUNS_PER_TURN = 50
"""The most missed slots of a schedule that run late in one turn."""

LATE_SUFFIX = "late"
"""The end of the names of timers at which missed slots are run or counted, which may take several turns."""

NO_ENGINE = "no engine ran at that time"
NOT_RUN_LATE = f"{NO_ENGINE}, and this schedule's missed times are skipped"


@dataclass(frozen=True, slots=True)
class MissedSlots:
    """The decision for one turn; all times are in milliseconds since the epoch."""

    missed: list[int]
    """The slots that do not run."""
    late_runs: list[int]
    following: int | None
    """The slot after these, or None if the schedule has no further slot."""
    more: bool
    """Whether the following slot is due too, so that another turn has to decide on it."""


def decide(schedule: Schedule, first: int, since: int, now: int) -> MissedSlots:
    """Decide about the slots from `first` on that are due.

    `since` is when `first` was due, which is later than the slot itself if the schedule was created after that time.
    """
    oldest = now - (MAX_LATENESS if schedule.missed == NONE else _within_seconds(schedule) * 1000)
    times = chain([first], schedule_times.slots_after(schedule, first))
    due, following = _due_slots(times, now, oldest, schedule.missed)
    more = following is not None and following <= now
    late_runs = [slot for slot in due if (since if slot == first else slot) >= oldest]
    if schedule.missed == LAST:
        late_runs = [] if more else late_runs[-1:]
    return MissedSlots(due[: len(due) - len(late_runs)], late_runs, following, more)


def missed_reason(schedule: Schedule) -> str:
    """Return why missed slots do not run late, with the age that they may have as text: 6 h, 90 min, 45 s."""
    if schedule.missed == NONE:
        return NOT_RUN_LATE
    within = _within_seconds(schedule)
    unit, size = next(each for each in (("h", 3600), ("min", 60), ("s", 1)) if within % each[1] == 0)
    return f"{NO_ENGINE}, and it is more than {within // size} {unit} ago"


def _within_seconds(schedule: Schedule) -> int:
    return int(schedule.within or schedule.body["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"])


def _due_slots(times: Iterator[int], now: int, oldest: int, policy: str) -> tuple[list[int], int | None]:
    """Return as many due slots as one turn examines, and the slot after them."""
    found: list[int] = []
    recent = 0
    for time in times:
        full = len(found) == MAX_EXAMINED_PER_TURN or (policy != LAST and recent == MAX_LATE_RUNS_PER_TURN)
        if time > now or full:
            return found, time
        found.append(time)
        recent += time >= oldest
    return found, None
