"""Judge the runs of a night: which failures are open, which recovered, which somebody has acknowledged.

A failed run has recovered if its job succeeded afterwards, a missed slot if the job succeeded in a run that began after
it. A run that succeeded has recovered if an attempt of it had failed, or if it was redriven. An acknowledgement does
not count for what failed after it: a redriven run that failed again, or further slots that were missed.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.runs.night.night_run import MISSED, NightRun, NightStatus
from lamplighter.runs.run import FAILED_STATUSES
from lamplighter.runs.skipped_runs import SKIPPED

BY_RETRY, BY_REDRIVE, BY_LATER_RUN = "retry", "redrive", "later run"
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
    """A run with its judgement."""

    run: NightRun
    status: NightStatus
    recovered: str = ""
    """How a failure recovered: `BY_RETRY`, `BY_REDRIVE` or `BY_LATER_RUN`; else empty."""
    later: str | None = None
    """The ARN of the later run that recovered a failure, or that runs now and may."""
    acknowledgement: Acknowledgement | None = None


def classify_runs(runs: Iterable[NightRun], acknowledgements: Mapping[str, Acknowledgement]) -> list[NightRow]:
    """Judge runs and missed slots; `acknowledgements` are by the ARN of the run."""
    by_job: defaultdict[str, list[NightRun]] = defaultdict(list)
    for each in runs:
        by_job[each.job].append(each)
    return [row for found in by_job.values() for row in _classify_job(found, acknowledgements)]


def _classify_job(runs: Sequence[NightRun], acknowledgements: Mapping[str, Acknowledgement]) -> Iterable[NightRow]:
    successes = [each for each in runs if each.status == "SUCCEEDED"]
    by_end, by_begin = sorted(successes, key=_end), sorted(successes, key=_begin)
    running = max((each for each in runs if each.running), key=lambda run: run.began, default=None)
    for each in runs:
        if each.status == MISSED:
            at = bisect_left(by_begin, each.began, key=_begin)
            yield _classify_failure(each, _at(by_begin, at), running, acknowledgements.get(each.arn))
        elif each.status in FAILED_STATUSES:
            at = bisect_right(by_end, _end(each), key=_end)
            yield _classify_failure(each, _at(by_end, at), running, acknowledgements.get(each.arn))
        else:
            yield _classify_other(each)


def _at(runs: Sequence[NightRun], at: int) -> NightRun | None:
    return runs[at] if at < len(runs) else None


def _begin(run: NightRun) -> int:
    return run.began


def _end(run: NightRun) -> int:
    return run.ended or 0


def _classify_failure(
    run: NightRun, later: NightRun | None, running: NightRun | None, acknowledgement: Acknowledgement | None
) -> NightRow:
    """Judge a failed run or a missed slot; `later` is the first success of the job after it."""
    if later is not None:
        return NightRow(run, NightStatus.RECOVERED, BY_LATER_RUN, later.arn, acknowledgement)
    again = running.arn if running is not None and running.began >= (run.ended or run.began) else None
    if acknowledgement is not None and acknowledgement.time >= (run.ended or run.began):
        return NightRow(run, NightStatus.ACKNOWLEDGED, later=again, acknowledgement=acknowledgement)
    return NightRow(run, NightStatus.MISSED if run.status == MISSED else NightStatus.FAILED, later=again)


def _classify_other(run: NightRun) -> NightRow:
    if run.running:
        return NightRow(run, NightStatus.WAITING if run.queued else NightStatus.RUNNING)
    if run.status in (SKIPPED, "ABORTED"):
        return NightRow(run, NightStatus.SKIPPED if run.status == SKIPPED else NightStatus.STOPPED)
    if run.redrives:
        return NightRow(run, NightStatus.RECOVERED, BY_REDRIVE)
    if run.failed_attempts:
        return NightRow(run, NightStatus.RECOVERED, BY_RETRY)
    return NightRow(run, NightStatus.SUCCEEDED)
