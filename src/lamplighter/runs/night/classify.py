"""Judge the problems of a night: which failures are open, which recovered, which a person has acknowledged.

A failure is one thing for a job and a slot (`problems.py`): its newest run decides, and while that is under way, no
person has to act. A failed run has recovered if its job succeeded afterwards. A missed slot was passed over if the job
succeeded in a run that began after it: nothing had failed, and the slot has no run. A run that succeeded has recovered
if it repeats a failed one, if an attempt of it had failed, or if it was redriven. An acknowledgement of any run of a
problem counts, but not for what failed after it: a run that failed again, or further slots that were missed.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.group_items import group_items
from lamplighter.runs.jobs.skipped_runs import SKIPPED
from lamplighter.runs.night.night_run import MISSED, NightRun, NightStatus
from lamplighter.runs.night.problems import Problem, find_problems
from lamplighter.runs.run import FAILED_STATUSES

BY_RETRY, BY_REDRIVE, BY_REPETITION, BY_LATER_RUN = "retry", "redrive", "repetition", "later run"
"""The ways in which a failure recovers."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The mark on a failure that somebody takes care of."""

    who: str
    note: str
    time: int
    """Milliseconds since the epoch."""


@dataclass(frozen=True, slots=True)
class NightRow:
    """A run with its judgement, and the runs of the same problem before it."""

    run: NightRun
    status: NightStatus
    recovered: str = ""
    """How a failure recovered: `BY_RETRY`, `BY_REDRIVE`, `BY_REPETITION` or `BY_LATER_RUN`, which is also what came
    after slots that were passed over; else empty."""
    later: str | None = None
    """The ARN of the later run that recovered a failure, or that runs now and may."""
    acknowledgement: Acknowledgement | None = None
    earlier: Sequence[NightRun] = ()
    """The newest first."""

    @property
    def runs_again(self) -> bool:
        """Whether a failure runs again now."""
        return self.run.running and bool(self.earlier)

    @property
    def failed_again(self) -> bool:
        """Whether it failed, and an earlier run had failed, too."""
        return self.status is NightStatus.FAILED and any(each.status in FAILED_STATUSES for each in self.earlier)

    @property
    def trigger_kinds(self) -> frozenset[str]:
        """What started its runs."""
        return frozenset(each.trigger.kind for each in (self.run, *self.earlier))


def classify_runs(runs: Iterable[NightRun], acknowledgements: Mapping[str, Acknowledgement]) -> list[NightRow]:
    """Judge runs and missed slots; `acknowledgements` are by the ARN of the run."""
    by_job = group_items(runs, lambda each: each.job)
    return [row for found in by_job.values() for row in _classify_job(found, acknowledgements)]


def _classify_job(runs: Sequence[NightRun], acknowledgements: Mapping[str, Acknowledgement]) -> Iterable[NightRow]:
    successes = [each for each in runs if each.status == "SUCCEEDED"]
    by_end, by_begin = sorted(successes, key=_end), sorted(successes, key=_begin)
    running = max((each for each in runs if each.running), key=lambda run: run.began, default=None)
    for problem in find_problems(runs):
        run = problem.newest
        if not run.failed:
            yield _classify_other(problem)
            continue
        at = bisect_left(by_begin, _last_slot(run), key=_begin) if run.status == MISSED else None
        later = _at(by_end, bisect_right(by_end, _end(run), key=_end)) if at is None else _at(by_begin, at)
        yield _classify_failure(problem, later, running, _latest_mark(problem, acknowledgements))


def _latest_mark(problem: Problem, marks: Mapping[str, Acknowledgement]) -> Acknowledgement | None:
    found = (marks.get(each.arn) for each in (problem.newest, *problem.earlier))
    return max(filter(None, found), key=lambda mark: mark.time, default=None)


def _at(runs: Sequence[NightRun], at: int) -> NightRun | None:
    return runs[at] if at < len(runs) else None


def _last_slot(missed: NightRun) -> int:
    """Return the last of the slots that were missed together: a success before it does not make up for it."""
    return missed.began if missed.ended is None else missed.ended


def _begin(run: NightRun) -> int:
    return run.began


def _end(run: NightRun) -> int:
    return run.ended or 0


def _classify_failure(
    problem: Problem, later: NightRun | None, running: NightRun | None, acknowledgement: Acknowledgement | None
) -> NightRow:
    """Judge a failed run or a missed slot; `later` is the first success of the job after it."""
    run, earlier = problem.newest, problem.earlier
    if later is not None:
        status = NightStatus.PASSED_OVER if run.status == MISSED else NightStatus.RECOVERED
        return NightRow(run, status, BY_LATER_RUN, later.arn, acknowledgement, earlier)
    again = running.arn if running is not None and running.began >= (run.ended or run.began) else None
    if acknowledgement is not None and acknowledgement.time >= (run.ended or run.began):
        return NightRow(run, NightStatus.ACKNOWLEDGED, "", again, acknowledgement, earlier)
    status = NightStatus.MISSED if run.status == MISSED else NightStatus.FAILED
    return NightRow(run, status, later=again, earlier=earlier)


def _classify_other(problem: Problem) -> NightRow:
    run = problem.newest
    if run.running:
        return NightRow(run, NightStatus.WAITING if run.queued else NightStatus.RUNNING, earlier=problem.earlier)
    if problem.earlier:
        return NightRow(run, NightStatus.RECOVERED, BY_REPETITION, earlier=problem.earlier)
    if run.status in (SKIPPED, "ABORTED"):
        return NightRow(run, NightStatus.SKIPPED if run.status == SKIPPED else NightStatus.STOPPED)
    if run.redrives:
        return NightRow(run, NightStatus.RECOVERED, BY_REDRIVE)
    if run.failed_attempts:
        return NightRow(run, NightStatus.RECOVERED, BY_RETRY)
    return NightRow(run, NightStatus.SUCCEEDED)
