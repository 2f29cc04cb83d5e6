"""Filter, count and sort the rows of a night."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.runs.night.classify import NightRow
from lamplighter.runs.night.night_run import NightJob, NightStatus

NEEDS, JOB, NEWEST, LONGEST = "needs", "job", "newest", "longest"
ORDERS = (NEEDS, JOB, NEWEST, LONGEST)
"""The orders of the rows; `needs` begins with what needs a person."""
LATE = "late"
"""Selects runs that are or were late, whatever their status."""
_RANKS = {each: at for at, each in enumerate(NightStatus)}


@dataclass(frozen=True, slots=True)
class NightFilter:
    """Which rows are shown; an empty field selects all."""

    status: str = ""
    """A status, or `LATE`."""
    project: str = ""
    job: str = ""
    """A part of the job's name, in any case."""
    tag: str = ""
    """KEY or KEY=VALUE."""
    trigger: str = ""
    """A kind of trigger (`run_trigger.KINDS`)."""

    def accepts(self, row: NightRow, job: NightJob) -> bool:
        """Return whether a row fits all fields but `status`."""
        key, equals, value = self.tag.partition("=")
        return (
            (not self.project or job.project == self.project)
            and self.job.lower() in job.name.lower()
            and (not key or (key in job.tags and (not equals or job.tags[key] == value)))
            and (not self.trigger or self.trigger in row.trigger_kinds)
        )


@dataclass(frozen=True, slots=True)
class SelectedRows:
    """The rows that a filter selects, in order, and how many there are with each status."""

    rows: Sequence[NightRow]
    counts: Mapping[NightStatus, int]
    """The numbers of rows with each status, whatever status is selected; slots that were missed together are one."""
    late: int
    """The number of rows that are or were late."""


def select_rows(
    rows: Iterable[NightRow], jobs: Mapping[str, NightJob], criteria: NightFilter, order: str, now: int
) -> SelectedRows:
    """Filter, count and sort rows; `now` is in milliseconds since the epoch."""
    fitting = [each for each in rows if criteria.accepts(each, jobs[each.run.job])]
    counts = Counter(each.status for each in fitting)
    late = [each for each in fitting if jobs[each.run.job].has_late(each.run, now)]
    shown = late if criteria.status == LATE else [each for each in fitting if criteria.status in ("", each.status)]
    return SelectedRows(_sort(shown, jobs, order, now), {each: counts[each] for each in NightStatus}, len(late))


def _sort(rows: Iterable[NightRow], jobs: Mapping[str, NightJob], order: str, now: int) -> Sequence[NightRow]:
    newest = sorted(rows, key=lambda row: (_last_change(row), row.run.arn), reverse=True)
    if order == JOB:
        return sorted(newest, key=lambda row: jobs[row.run.job].name)
    if order == LONGEST:
        return sorted(newest, key=lambda row: -row.run.took(now))
    return newest if order == NEWEST else sorted(newest, key=lambda row: _RANKS[row.status])


def _last_change(row: NightRow) -> int:
    """Return when a run began or ended, whichever is later."""
    return row.run.began if row.run.ended is None else row.run.ended
