"""Calculate how long redriven runs took: the sum of the parts that were running.

Between the first start and the last end of a redriven run there may be hours in which nothing ran. Lists of runs do not
contain the end before a redrive; the history does, and is read once and cached. Reads at most the given number of
histories at the same time. The duration of other runs is shown as unknown.
"""

import asyncio
from collections.abc import Sequence

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.data.runs import history
from lamplighter.console.page import Page
from lamplighter.runs.run import IDLE


async def add_idle_time(page: Page, executions: Sequence[Json], max_calls: int) -> Sequence[Json]:
    """Return executions from ListExecutions, redriven ones with the time between their parts."""
    known = page.console.idle_cache
    redriven = [each for each in executions if each.get("redriveCount")]
    unknown = [each for each in redriven if _cache_key(each) not in known][:max_calls]
    await asyncio.gather(*(_read_idle_time(page, each) for each in unknown))
    return [each | {IDLE: known.get(_cache_key(each))} if each.get("redriveCount") else each for each in executions]


def _cache_key(execution: Json) -> str:
    """Return the cache key of a run up to its last redrive, before which nothing changes any more."""
    return f"{execution['executionArn']} {execution['redriveCount']}"


async def _read_idle_time(page: Page, execution: Json) -> None:
    try:
        story = await history.load_story(await history.read_history(page, execution["executionArn"]))
    except AwsError:
        return
    page.console.idle_cache.put({_cache_key(execution): story.idle / 1000})
