"""How the last run of every job ended, on whichever page of the list it stands.

Promises one list of machines and one look at the latest execution of each, by key; to ask for no more of them than the
port bears at once (`Port.reach`), and to say where there are more. What refuses to answer (a machine that was deleted
meanwhile, a limit of AWS) is counted as not seen and spoils nothing.
See https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html for the limits of ListExecutions.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.data.skipped_runs import effective_run
from lamplighter.console.page import Page
from lamplighter.runs.job_machine import is_supporting_machine

FAILED = ("FAILED", "TIMED_OUT")


@dataclass(frozen=True, slots=True)
class LastRun:
    """The latest run of a machine that was not skipped."""

    machine: Json
    """As ListStateMachines has it."""
    run: Json
    """As ListExecutions has it."""


FEW = 5
"""Runs of a machine that are looked at."""
SHORT = 10
"""Seconds that a run which is skipped surely does not take."""


@dataclass(frozen=True, slots=True)
class LastRuns:
    """What is known of all of them."""

    failed: Sequence[LastRun]
    """Those whose latest run failed or took too long, the latest first; a machine that watches others may be there."""
    running: int
    """How many jobs run."""
    seen: int
    """How many machines were looked at."""
    more: bool
    """Whether there are others."""


async def read_last_runs(page: Page) -> LastRuns:
    """Look at all machines of a place, or at the first."""
    reach = page.console.port.reach
    listed = await page.call("states", "ListStateMachines", maxResults=reach)
    standard = [each for each in listed["stateMachines"] if each["type"] != "EXPRESS"]
    found = await asyncio.gather(*(_last(page, each) for each in standard))
    unseen = sum(each is None for each in found)
    runs = [each for each in found if each is not None and each.run is not None]
    failed = [each for each in runs if each.run["status"] in FAILED]
    return LastRuns(
        sorted(failed, key=lambda each: -float(each.run.get("stopDate") or 0)),
        sum(each.run["status"] == "RUNNING" and not is_supporting_machine(each.machine["name"]) for each in runs),
        len(listed["stateMachines"]) - unseen,
        bool(listed.get("nextToken") or unseen),
    )


async def _last(page: Page, machine: Json) -> LastRun | None:
    """The latest run that was not skipped, which may be none; None where that is not to be known."""
    try:
        listed = await page.call("states", "ListExecutions", stateMachineArn=machine["stateMachineArn"], maxResults=FEW)
    except AwsError:
        return None
    runs = listed["executions"]
    if not _may_hide(runs):
        return LastRun(machine, runs[0] if runs else None)
    known = await effective_run(page, runs[0])
    return LastRun(machine, known or next((each for each in runs if each["status"] != "SUCCEEDED"), None))


def _may_hide(runs: Sequence[Json]) -> bool:
    """Whether the latest run may be a skipped one that hides a failure: it takes a call to find out.

    One that did not succeed is among the latest, or may come after many that were skipped, which take no time.
    """
    if not runs or runs[0]["status"] != "SUCCEEDED":
        return False
    all_good = all(each["status"] == "SUCCEEDED" for each in runs)
    return not all_good or (len(runs) == FEW and float(runs[0]["stopDate"]) - float(runs[0]["startDate"]) < SHORT)
