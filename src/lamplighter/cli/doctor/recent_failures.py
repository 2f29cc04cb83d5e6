"""Report the last failed runs of a state machine, and explain their errors where the cause is known."""

from collections.abc import Iterator
from itertools import islice

from lamplighter.cli.doctor.finding import Finding, bad, doubtful, good
from lamplighter.cli.doctor.known_causes import find_cause
from lamplighter.cli.runs import find_run
from lamplighter.cli.runs.find_job import Machine
from lamplighter.cli.runs.find_run import Run
from lamplighter.cli.runs.site import Site
from lamplighter.runs.failure_reasons import failure_reason, task_of_document
from lamplighter.runs.story import Story

LAST = 10
"""The number of latest runs that are read."""
MOST_TOLD = 3
"""The most failed runs that are reported."""
MOST_SAID = 3
"""The most facts that are quoted of a failure: an error, a reason, an exit code."""
FAILED = ("FAILED", "TIMED_OUT")


def check_recent_failures(about: str, site: Site, machine: Machine, *, here: bool) -> Iterator[Finding]:
    """Report failed runs: as bad if it is the latest run that has ended, and as doubt if it is an earlier one."""
    found = list(islice(find_run.runs_of(site, machine), LAST))
    over = [run for run in found if not run.running]
    failed = [run for run in over if run.status in FAILED]
    if not failed:
        if over:
            yield good(
                about, "its only run did not fail" if len(over) == 1 else f"none of its last {len(over)} runs failed"
            )
        return
    latest = next(run for run in over if not find_run.with_details(site, run).skipped)
    told: set[str] = set()
    for run in failed[:MOST_TOLD]:
        says, advice = _explained(machine, run, find_run.read_story(site, run), here=here)
        if says not in told:
            told.add(says)
            made = bad if run == latest else doubtful
            yield made(about, f"its run {run.name} ended {run.status}: {says}", advice)


def _plain(cause: str | None) -> str | None:
    """Shorten a cause that is a task document, most of which is not about the failure; return others unchanged."""
    return failure_reason(cause) if task_of_document(cause) else cause


def _explained(machine: Machine, run: Run, story: Story, *, here: bool) -> tuple[str, str]:
    last = [each for each in story.attempts if each.failed][-1:]
    words = [each for attempt in last for each in (attempt.error, attempt.reason) if each]
    words += [f"exit code {code}" for attempt in last for code in attempt.exits.values() if code]
    words += [each for each in (story.error, _plain(story.cause)) if each]
    found = find_cause("\n".join([*words, run.status if run.status == "TIMED_OUT" else ""]), here=here)
    short = "; ".join(dict.fromkeys(words[:MOST_SAID])) or "no reason given"
    look = f"see `lamplighter history {machine.word}:{run.name}`"
    return (f"{found.means} ({short})", f"{found.advice}\n{look}") if found else (short, look)
