"""Find the runs of a job that are one thing: what the job owes for one slot, however often it was run again. Pure.

Runs are one problem if they have the same slot, or if one repeats the other (`runs/repetition.py`), and if one of them
failed. The newest run decides; a run that a person stopped, or that was skipped, decides nothing, because the work is
still to be done. A run that another run or a rule started has that run's slot in its input, and perhaps many have, so
only its repetitions belong to it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lamplighter.runs.night.night_run import NightRun
from lamplighter.runs.skipped_runs import SKIPPED

FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Problem:
    """A run that decides, and the earlier ones; a run that is no problem has none."""

    newest: NightRun
    earlier: Sequence[NightRun] = ()
    """The newest first."""


def find_problems(runs: Iterable[NightRun]) -> Iterator[Problem]:
    """Yield each run of one job once, together with those that are the same problem."""
    found = list(runs)
    slots = {each.first: each.own_slot for each in found if each.own_slot is not None}
    groups: defaultdict[str | int, list[NightRun]] = defaultdict(list)
    for each in found:
        groups[slots.get(each.first, each.first)].append(each)
    for group in groups.values():
        if any(each.failed for each in group):
            newest, *earlier = sorted(group, key=_newness, reverse=True)
            yield Problem(newest, earlier)
        else:
            yield from map(Problem, group)


def _newness(run: NightRun) -> tuple[bool, float, int, str]:
    decides = run.status not in ("ABORTED", SKIPPED)
    return decides, FOREVER if run.ended is None else run.ended, run.began, run.arn
