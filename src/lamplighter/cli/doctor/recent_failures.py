"""Report the last failed runs of a state machine, and explain their errors where the cause is known."""

from collections.abc import Iterator
from itertools import islice

from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.doctor.finding import Finding, bad, doubtful, good
from lamplighter.cli.doctor.known_causes import find_cause
from lamplighter.cli.runs import find_run
from lamplighter.cli.runs.find_job import Machine
from lamplighter.runs.failures.blamed_attempt import blamed_attempt
from lamplighter.runs.failures.failure_reasons import failure_reason, task_of_document
from lamplighter.runs.history.story import Attempt, Story
from lamplighter.runs.run import FAILED_STATUSES, Run

MAX_READ_RUNS = 10
"""The number of latest runs that are read."""
MAX_REPORTED_RUNS = 3
"""The most failed runs that are reported."""
MAX_QUOTED_FACTS = 3
"""The most facts that are quoted of a failure: an error, a reason, an exit code."""


def check_recent_failures(
    about: str, context: CommandContext, machine: Machine, *, from_job_file: bool, runs_locally: bool
) -> Iterator[Finding]:
    """Report failed runs: as bad if it is the latest run that has ended, and as doubt if it is an earlier one."""
    found = list(islice(find_run.list_runs(context, machine), MAX_READ_RUNS))
    ended = [run for run in found if not run.running]
    failed = [run for run in ended if run.status in FAILED_STATUSES]
    if not failed:
        if ended:
            yield good(
                about, "its only run did not fail" if len(ended) == 1 else f"none of its last {len(ended)} runs failed"
            )
        return
    latest = next(run for run in ended if not find_run.with_details(context, run).skipped)
    reported: set[str] = set()
    for run in failed[:MAX_REPORTED_RUNS]:
        story = find_run.read_story(context, run)
        facts = _failure_facts(story, blamed_attempt(story, from_job_file=from_job_file))
        message, advice = _explain_failure(run, facts, runs_locally=runs_locally)
        if message not in reported:
            reported.add(message)
            make_finding = bad if run == latest else doubtful
            history = context.hint(f"history {machine.short_name}:{run.name}")
            yield make_finding(about, f"its run {run.name} ended {run.status}: {message}", f"{advice}see `{history}`")


def _shorten_cause(cause: str | None) -> str | None:
    """Shorten a cause that is a task document, most of which is not about the failure; return others unchanged."""
    return failure_reason(cause) if task_of_document(cause) else cause


def _failure_facts(story: Story, attempt: Attempt | None) -> list[str]:
    """Return what is known of a failure: errors, reasons and exit codes, those of the attempt that caused it first."""
    facts = [] if attempt is None else [attempt.error, attempt.reason]
    facts += [] if attempt is None else [f"exit code {code}" for code in attempt.exits.values() if code]
    return [each for each in (*facts, story.error, _shorten_cause(story.cause)) if each]


def _explain_failure(run: Run, facts: list[str], *, runs_locally: bool) -> tuple[str, str]:
    found = find_cause("\n".join([*facts, run.status if run.status == "TIMED_OUT" else ""]), runs_locally=runs_locally)
    short = "; ".join(dict.fromkeys(facts[:MAX_QUOTED_FACTS])) or "no reason given"
    return (f"{found.meaning} ({short})", f"{found.advice}\n") if found else (short, "")
