"""Handle SearchOutput: find lines in the output of all tasks of an account and region. It is not in AWS's API."""

from collections.abc import Coroutine
from functools import partial

from lamplighter.base.json_text import Json
from lamplighter.base.threads import run_in_thread
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.ecs.errors import InvalidParameter
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
    """Search the tasks that wrote anything since `Since` (milliseconds) for lines with all `Words`.

    Return {Matches: [{TaskArn, Family, Container, Line, time, stream, text}], Searched, Size, Next}: the bytes that
    this search has read, those of all output since then, and the `Next` of a search that goes on, or None at the end.
    """
    if not params["Words"] or not all(params["Words"]):
        raise InvalidParameter("A search needs words.")
    start = _read_position(params.get("Next"))
    highest = None if start is None else start.task
    found = task_lists.up_to(reader, caller.account, caller.region, highest, MAX_SEARCHED_TASKS)
    return _search(world, outputs, params, found, start)


def _read_position(text: str | None) -> Position | None:
    try:
        return None if text is None else Position.parse(text)
    except ValueError:
        raise InvalidParameter("Invalid token.") from None


async def _search(
    world: World, outputs: OutputFiles, params: Json, tasks: dict[int, tuple[str, str]], start: Position | None
) -> Json:
    end = world.monotonic() + SEARCH_MILLISECONDS
    search = OutputSearch(
        outputs.directory,
        params["Words"],
        params["Since"] / 1000,
        lambda matches: matches >= MAX_MATCHES or world.monotonic() >= end,
    )
    names = {row: arn.rpartition("/")[2] for row, (arn, _) in tasks.items()}
    stopped = await run_in_thread(partial(search.run, names, start))
    if stopped is None and len(tasks) == MAX_SEARCHED_TASKS:
        stopped = Position(min(tasks) - 1)
    known = {arn.rpartition("/")[2]: {"TaskArn": arn, "Family": family} for arn, family in tasks.values()}
    return {
        "Matches": [{**known[each.pop("Task")], **each} for each in search.matches],
        "Searched": search.searched,
        "Size": await run_in_thread(search.total_size),
        "Next": None if stopped is None else str(stopped),
    }
