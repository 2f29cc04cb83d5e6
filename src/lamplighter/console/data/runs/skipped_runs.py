"""Find out which runs were skipped because another run of the job was still running (`overlap: skip`).

To Step Functions such a run succeeded; only its output shows the skip (`jobs/machine/overlap_states.py`). Lists of runs
have no outputs, so each run is described once and cached, because a succeeded run does not change. Guarantees that only
runs of machines that can skip runs are described, newest first and at most the given number at a time. Runs that are
not described yet keep AWS's status until the next poll.
"""

import asyncio
from collections.abc import Sequence

from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls
from lamplighter.runs.jobs.skipped_runs import SKIPPED, runs_that_caused_skip

MAX_CHAIN = 5
"""The longest chain of skipped runs that is followed."""
SKIP_MARKERS = ('"skipped"', '"running"')
"""Texts in the definition of every machine that can skip runs."""


async def mark_skipped(calls: Calls, executions: Sequence[Json], definition: str, max_calls: int) -> Sequence[Json]:
    """Return executions from ListExecutions with the console's status for skipped runs; describe at most
    `max_calls`.
    """
    if not all(each in definition for each in SKIP_MARKERS):
        return executions
    known = calls.console.skipped_cache
    succeeded = [each["executionArn"] for each in executions if each["status"] == "SUCCEEDED"]
    unknown = [arn for arn in succeeded if arn not in known][:max_calls]
    await asyncio.gather(*(_cache_skip(calls, arn) for arn in unknown))
    return [each | {"status": SKIPPED} if known.get(each["executionArn"]) else each for each in executions]


async def mark_if_skipped(calls: Calls, machine: str, executions: Sequence[Json]) -> Sequence[Json]:
    """Do the same for executions of a state machine whose definition is not known yet."""
    if all(each["status"] != "SUCCEEDED" for each in executions):
        return executions
    about = await calls.call_if_readable("states", "DescribeStateMachine", stateMachineArn=machine)
    return await mark_skipped(calls, executions, about["definition"] if about else "", calls.port.max_calls)


async def effective_run(calls: Calls, run: Json) -> Json:
    """Return the run or, if it was skipped, the run that caused the skip. None if that run no longer exists."""
    for _ in range(MAX_CHAIN):
        if run is None or run["status"] not in ("SUCCEEDED", SKIPPED):
            return run
        others = await _read_skip_causes(calls, run["executionArn"])
        if not others:
            return run
        described = (calls.call_or_none("states", "DescribeExecution", executionArn=arn) for arn in others)
        found = [each for each in await asyncio.gather(*described) if each]
        run = max(found, key=lambda each: float(each["startDate"]), default=None)
    return run


async def _read_skip_causes(calls: Calls, arn: str) -> Sequence[str]:
    """Return the ARNs of the runs that made a run skip, from the cache if possible."""
    known = calls.console.skipped_cache
    if arn not in known:
        await _cache_skip(calls, arn)
    return known.get(arn) or ()


async def _cache_skip(calls: Calls, arn: str) -> None:
    """Read a run and cache whether it was skipped. A failed call caches nothing; the next request repeats it."""
    about = await calls.call_or_none("states", "DescribeExecution", executionArn=arn)
    if about is not None:
        calls.console.skipped_cache.put({arn: runs_that_caused_skip(about.get("output")) or ()})
