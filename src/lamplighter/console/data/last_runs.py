"""Find out how the last run of every job ended, also for jobs on other pages of the list.

Lists the machines once and makes one query for the latest executions of each. Queries at most as many machines as the
port allows (`ConsolePort.max_calls`), and reports if there are more. If a machine's query fails (the machine was
deleted meanwhile, an AWS limit), the machine counts as not seen, and the others are still shown. See
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html for the limits of ListExecutions.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.console.data.skipped_runs import effective_run
from lamplighter.console.page import Page
from lamplighter.runs.job_machine import is_supporting_machine
from lamplighter.runs.run import FAILED_STATUSES


@dataclass(frozen=True, slots=True)
class LastRun:
    """The latest run of a machine that was not skipped."""

    machine: Json
    """The machine as ListStateMachines returns it."""
    run: Json
    """The run as ListExecutions returns it, or None if there is none."""


RUNS_PER_MACHINE = 5
"""The number of latest runs that are read for each machine."""
MAX_SKIP_SECONDS = 10
"""The seconds within which a skipped run always ends."""


@dataclass(frozen=True, slots=True)
class LastRuns:
    """A summary of the last runs of all jobs."""

    failed: Sequence[LastRun]
    """The latest runs that failed or timed out, newest first, including those of supporting machines."""
    running: int
    """The number of jobs that are running."""
    examined: int
    """The number of machines whose runs were read."""
    truncated: bool
    """Whether there are machines that were not read."""


async def read_last_runs(page: Page) -> LastRuns:
    """Read the last runs of the machines in a place, up to the port's `max_calls`."""
    max_calls = page.console.port.max_calls
    listed = await page.call("states", "ListStateMachines", maxResults=max_calls)
    standard = [each for each in listed["stateMachines"] if each["type"] != "EXPRESS"]
    found = await asyncio.gather(*(_read_last_run(page, each) for each in standard))
    unseen = sum(each is None for each in found)
    runs = [each for each in found if each is not None and each.run is not None]
    failed = [each for each in runs if each.run["status"] in FAILED_STATUSES]
    return LastRuns(
        sorted(failed, key=lambda each: -float(each.run.get("stopDate") or 0)),
        sum(each.run["status"] == "RUNNING" and not is_supporting_machine(each.machine["name"]) for each in runs),
        len(listed["stateMachines"]) - unseen,
        bool(listed.get("nextToken") or unseen),
    )


async def _read_last_run(page: Page, machine: Json) -> LastRun | None:
    """Return the latest run that was not skipped (its `run` may be None), or None if it cannot be determined."""
    given = {"stateMachineArn": machine["stateMachineArn"], "maxResults": RUNS_PER_MACHINE}
    listed = await page.call_or_none("states", "ListExecutions", **given)
    if listed is None:
        return None
    runs = listed["executions"]
    if not _may_hide_failure(runs):
        return LastRun(machine, runs[0] if runs else None)
    known = await effective_run(page, runs[0])
    return LastRun(machine, known or next((each for each in runs if each["status"] != "SUCCEEDED"), None))


def _may_hide_failure(runs: Sequence[Json]) -> bool:
    """Return whether the latest run succeeded, but may be a skipped one, with a failure before it.

    So it may be if another of the runs did not succeed, or if the latest took almost no time and there are more runs
    than these. Another call finds out.
    """
    if not runs or runs[0]["status"] != "SUCCEEDED":
        return False
    all_succeeded = all(each["status"] == "SUCCEEDED" for each in runs)
    return not all_succeeded or (
        len(runs) == RUNS_PER_MACHINE and float(runs[0]["stopDate"]) - float(runs[0]["startDate"]) < MAX_SKIP_SECONDS
    )
