"""Find out which runs that are under way only wait: for their turn, for a worker, or to start their tasks.

An engine answers for all runs at once. On AWS a run waits for a worker alone; the last event of its history says so,
and one call reads it, so at most the given number of running runs is examined.
"""

import asyncio
from collections.abc import Sequence

from lamplighter.base.json_text import Json
from lamplighter.console.calls import Calls
from lamplighter.runs.run import WAITING


async def find_waiting_runs(calls: Calls) -> frozenset[str] | None:
    """Return the ARNs of the executions that only wait; None on AWS."""
    tasks = await calls.call_internal("ecs", "ListWaitingTasks")
    found = tasks and await calls.call_internal("states", "ListWaitingRuns", Tasks=tasks["TaskArns"])
    return frozenset(found["Executions"]) if found else None


async def mark_waiting(calls: Calls, executions: Sequence[Json], max_calls: int) -> Sequence[Json]:
    """Return executions from ListExecutions or DescribeExecution with the console's status for those that only wait."""
    running = [each["executionArn"] for each in executions if each["status"] == "RUNNING"]
    waiting = await find_waiting_runs(calls) if running else frozenset()
    if waiting is None:
        read = running[:max_calls]
        known = zip(read, await asyncio.gather(*(_waits_for_worker(calls, arn) for arn in read)), strict=True)
        waiting = frozenset(arn for arn, waits in known if waits)
    return [each | {"status": WAITING} if each["executionArn"] in waiting else each for each in executions]


async def describe_run(calls: Calls, arn: str, max_calls: int = 1) -> Json:
    """Return a run as DescribeExecution does, with the console's status if it only waits."""
    about = await calls.call("states", "DescribeExecution", executionArn=arn)
    return (await mark_waiting(calls, [about], max_calls))[0]


async def _waits_for_worker(calls: Calls, execution: str) -> bool:
    last = {"executionArn": execution, "maxResults": 1, "reverseOrder": True}
    answer = await calls.call_or_none("states", "GetExecutionHistory", **last)
    return bool(answer and answer["events"] and answer["events"][0]["type"] == "ActivityScheduled")
