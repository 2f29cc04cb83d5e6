"""Handle SearchOutput: find a text in the output of all tasks of an account and region. It is not in AWS's API."""

from collections.abc import Coroutine
from dataclasses import asdict
from functools import partial

from lamplighter.base.json_text import Json
from lamplighter.base.threads import run_in_thread
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.ecs.logs.output_files import OutputFiles
from lamplighter.services.ecs.logs.output_search import OutputSearch, Position
from lamplighter.services.ecs.tables import task_lists
from lamplighter.store.db import Reader

SEARCH_MILLISECONDS = 2_000
"""The time after which an answer has what was found until then."""
MAX_MATCHES = 50
MAX_SEARCHED_TASKS = 5_000
"""The most tasks that one search examines: to list them takes some milliseconds."""


def search_output(
    world: World, outputs: OutputFiles, reader: Reader, caller: Caller, params: Json
) -> Coroutine[None, None, Json]:
    """Search the tasks that wrote anything since `Since` (milliseconds), the newest task first.

    Return {Matches: [{TaskArn, Container, Line, time, stream, text}], Searched, Size, Next}: the bytes that this search
    has read, those of all output since then, and the `Next` of a search that goes on, or None at the end.
    """
    start = None if params.get("Next") is None else Position(**params["Next"])
    highest = None if start is None else start.task
    rows = task_lists.arns_up_to(reader, caller.account, caller.region, highest, MAX_SEARCHED_TASKS)
    return _search(world, outputs, params, rows, start)


async def _search(
    world: World, outputs: OutputFiles, params: Json, arns: dict[int, str], start: Position | None
) -> Json:
    end = world.monotonic() + SEARCH_MILLISECONDS
    search = OutputSearch(
        outputs.directory,
        params["Text"],
        params["Since"] / 1000,
        lambda matches: matches >= MAX_MATCHES or world.monotonic() >= end,
    )
    names = {row: arn.rpartition("/")[2] for row, arn in arns.items()}
    stopped = await run_in_thread(partial(search.run, names, start))
    if stopped is None and len(arns) == MAX_SEARCHED_TASKS:
        stopped = Position(min(arns) - 1)
    by_name = {arn.rpartition("/")[2]: arn for arn in arns.values()}
    return {
        "Matches": [{"TaskArn": by_name[each.pop("Task")], **each} for each in search.matches],
        "Searched": search.searched,
        "Size": await run_in_thread(search.total_size),
        "Next": None if stopped is None else asdict(stopped),
    }
