"""How long runs took: the sum of the parts that ran.

A run that was redriven has its first start and its last end, and between them perhaps hours in which nobody had looked
yet. Lists of runs do not say when it ended before a redrive, its history does, which is read once and remembered.
Promises to read no more histories at once than is said; what is not known yet is told as such.
"""

import asyncio
from collections.abc import Sequence

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.console.data import history
from lamplighter.console.page import Page
from lamplighter.console.view.durations import IDLE


async def add_idle_time(page: Page, executions: Sequence[Json], most: int) -> Sequence[Json]:
    """Executions as ListExecutions has them; those that were redriven with the time between their parts."""
    known = page.console.idle_cache
    redriven = [each for each in executions if each.get("redriveCount")]
    unknown = [each for each in redriven if _key(each) not in known][:most]
    await asyncio.gather(*(_read(page, each) for each in unknown))
    return [each | {IDLE: known.get(_key(each))} if each.get("redriveCount") else each for each in executions]


def _key(execution: Json) -> str:
    """A run up to its last redrive: its parts before that are over."""
    return f"{execution['executionArn']} {execution['redriveCount']}"


async def _read(page: Page, execution: Json) -> None:
    try:
        story = await history.load_story(await history.read_history(page, execution["executionArn"]))
    except AwsError:
        return
    page.console.idle_cache.put({_key(execution): story.idle / 1000})
