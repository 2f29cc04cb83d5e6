"""Find the runs of a job that are one thing: what the job owes for one slot, however often it was run again. Pure.

Runs are one problem if they have the same slot of the same schedule, or if one repeats the other
(`runs/failures/repetition.py`), and if one of them failed. The newest run decides; a run that a person stopped, or that
was skipped, decides nothing, because the work is still to be done. A run by hand with a slot in its input belongs to
the schedule with that slot, unless several have it: each starts other work. A run that another run or a rule started
has that run's slot in its input, and perhaps many have, so only its repetitions belong to it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lamplighter.base.group_items import group_items
from lamplighter.runs.jobs.skipped_runs import SKIPPED
from lamplighter.runs.night.night_run import NightRun

FOREVER = float("inf")
SCHEDULE = "schedule"
_ScheduleSlot = tuple[str, int]
"""The ARN of a schedule, empty if it is not known, and one of its slots."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A run that decides, and the earlier ones; a run that is no problem has none."""

    newest: NightRun
    earlier: Sequence[NightRun] = ()
    """The newest first."""


def find_problems(runs: Iterable[NightRun]) -> Iterator[Problem]:
    """Yield each run of one job once, together with those that are the same problem."""
    found = list(runs)
    slots = _slots_by_first(found)
    for group in group_items(found, lambda each: slots.get(each.first) or each.first).values():
        if any(each.failed for each in group):
            newest, *earlier = sorted(group, key=_newness, reverse=True)
            yield Problem(newest, earlier)
        else:
            yield from map(Problem, group)


def _slots_by_first(runs: Iterable[NightRun]) -> dict[str, _ScheduleSlot]:
    """Return the slot of each run that has one of its own, by what the run and its repetitions have in common."""
    own = [(each, each.own_slot) for each in runs if each.own_slot is not None]
    schedules: defaultdict[int, set[str]] = defaultdict(set)
    for run, slot in own:
        if run.trigger.kind == SCHEDULE:
            schedules[slot].add(run.trigger.arn)
    found: dict[str, _ScheduleSlot] = {}
    for run, slot in own:
        if run.trigger.kind == SCHEDULE:
            found[run.first] = run.trigger.arn, slot
        elif len(schedules[slot]) <= 1:
            found[run.first] = next(iter(schedules[slot]), ""), slot
    return found


def _newness(run: NightRun) -> tuple[bool, float, int, str]:
    decides = run.status not in ("ABORTED", SKIPPED)
    return decides, FOREVER if run.ended is None else run.ended, run.began, run.arn
