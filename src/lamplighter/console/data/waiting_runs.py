"""Find out which running runs of a list wait for a worker to take their activity.

Lists of runs do not say so; the last event of the history does, and one call reads it. So at most the given number of
running runs is examined. A run that also does something else in the meantime counts as running.
"""

import asyncio
from collections.abc import Sequence

from lamplighter.base.json_text import Json
from lamplighter.console.page import Page
from lamplighter.runs.waiting import WAITS_FOR_WORKER

WAITS = "waits"
"""The key that the console adds to a run of a list: the words for what it waits for."""


async def mark_waiting(page: Page, executions: Sequence[Json], max_calls: int) -> Sequence[Json]:
    """Return executions from ListExecutions, with `WAITS` for those that wait for a worker."""
    running = [each["executionArn"] for each in executions if each["status"] == "RUNNING"][:max_calls]
    words = dict(zip(running, await asyncio.gather(*(read_wait(page, arn) for arn in running)), strict=True))
    return [each | {WAITS: words.get(each["executionArn"])} for each in executions]


async def read_wait(page: Page, execution: str) -> str | None:
    """Return the words for what a running execution waits for; None if that is nothing or unknown."""
    last = {"executionArn": execution, "maxResults": 1, "reverseOrder": True}
    answer = await page.call_or_none("states", "GetExecutionHistory", **last)
    is_unclaimed = answer and answer["events"] and answer["events"][0]["type"] == "ActivityScheduled"
    return WAITS_FOR_WORKER if is_unclaimed else None
