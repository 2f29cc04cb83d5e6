"""List what starts until a time: the next time of each schedule, and how often it starts until then.

A rule that counts from a time that only EventBridge knows (a rate) is listed without a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls
from lamplighter.console.data.jobs.job_names import read_job_names
from lamplighter.console.data.jobs.planned_schedules import plan_rules, plan_schedule, plan_schedules
from lamplighter.console.data.searched_lists import cached_list
from lamplighter.console.view.week import PlannedSchedule
from lamplighter.runs.jobs.schedules import schedule_timetable
from lamplighter.runs.jobs.upcoming_times import times_of

HORIZON_MILLISECONDS = 7 * 86_400_000
"""The time in which schedules must be due to be read from an engine."""
PLAN_POLLS = 10
"""The number of polls of a list after which AWS's schedules are read again."""
MAX_TIMES = 1_000
"""The most times of a schedule that are counted."""


@dataclass(frozen=True, slots=True)
class UpcomingRun:
    """The next run that a schedule starts before a time."""

    job: str
    url: str | None
    """The page of what the schedule starts."""
    next: float | None
    """Seconds since the epoch; None if only EventBridge knows the time."""
    count: int
    """How often the schedule starts until then, up to `MAX_TIMES`."""


async def read_plans(calls: Calls) -> Sequence[PlannedSchedule]:
    """Return the enabled schedules of jobs, and the enabled rules that have a schedule."""
    now = calls.console.world.now()
    answer = await calls.call_internal("scheduler", "ListNightSlots", Since=now, Until=now + HORIZON_MILLISECONDS)
    if answer is None:
        return await cached_list(calls, "plans", _read_plans_of_aws, PLAN_POLLS) or ()
    names = await read_job_names(calls)
    schedules = [plan_schedule(each, names) for each in answer["Due"]]
    return [*(each for each in schedules if not each.is_supporting), *await plan_rules(calls)]


async def _read_plans_of_aws(calls: Calls) -> Sequence[Json]:
    """Return the plans of an account: each schedule takes a call."""
    return [*await plan_schedules(calls), *await plan_rules(calls)]


def next_runs(plans: Sequence[PlannedSchedule], now: int, until: int) -> Sequence[UpcomingRun]:
    """Return what the plans start between now and a time in milliseconds, the next first."""
    found = [run for plan in plans if (run := _next_run(plan, now, until)) is not None]
    return sorted(found, key=lambda run: (run.next is None, run.next or 0, run.job))


def _next_run(plan: PlannedSchedule, now: int, until: int) -> UpcomingRun | None:
    if not plan.is_predictable:
        return UpcomingRun(plan.name, plan.url, None, 0)
    try:
        due = (each.instant for each in times_of(schedule_timetable(plan.about), now) if not each.skipped)
        times = list(islice(takewhile(lambda time: time < until, due), MAX_TIMES))
    except LamplighterError:
        return None
    return UpcomingRun(plan.name, plan.url, times[0] / 1000, len(times)) if times else None
