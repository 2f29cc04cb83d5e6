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
from lamplighter.base.jsontext import Json
from lamplighter.console.page import Page
from lamplighter.console.skips import skipped
from lamplighter.jobs.attendants import is_attendant

FAILED = ("FAILED", "TIMED_OUT")


@dataclass(frozen=True, slots=True)
class Last:
    """The latest run of a machine."""

    machine: Json
    """As ListStateMachines has it."""
    run: Json
    """As ListExecutions has it."""


FEW = 5
"""Runs of a machine that are looked at: those that were skipped say nothing of those that they made way for."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of all of them."""

    failed: Sequence[Last]
    """Those whose latest run failed or took too long, the latest first; a machine that watches others may be there."""
    running: int
    """How many jobs run."""
    seen: int
    """How many machines were looked at."""
    more: bool
    """Whether there are others."""


async def survey(page: Page) -> Survey:
    """Look at all machines of a place, or at the first."""
    reach = page.console.port.reach
    listed = await page.call("states", "ListStateMachines", maxResults=reach)
    standard = [each for each in listed["stateMachines"] if each["type"] != "EXPRESS"]
    found = await asyncio.gather(*(_last(page, each) for each in standard))
    unseen = sum(each is None for each in found)
    runs = [each for each in found if each is not None and each.run is not None]
    failed = [each for each in runs if each.run["status"] in FAILED]
    return Survey(
        sorted(failed, key=lambda each: -float(each.run.get("stopDate") or 0)),
        sum(each.run["status"] == "RUNNING" and not is_attendant(each.machine["name"]) for each in runs),
        len(listed["stateMachines"]) - unseen,
        bool(listed.get("nextToken") or unseen),
    )


async def _last(page: Page, machine: Json) -> Last | None:
    """The latest run, which may be none; None where that is not to be known."""
    try:
        listed = await page.call("states", "ListExecutions", stateMachineArn=machine["stateMachineArn"], maxResults=FEW)
    except AwsError:
        return None
    runs = listed["executions"]
    for at, run in enumerate(runs):
        # Whether a run was skipped takes a call to find out: only where it hides one that did not succeed.
        hides = run["status"] == "SUCCEEDED" and any(each["status"] != "SUCCEEDED" for each in runs[at + 1 :])
        if not hides or not await skipped(page, run["executionArn"]):
            return Last(machine, run)
    return Last(machine, None)
