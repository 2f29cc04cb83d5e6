"""Read a page of the items of a Map Run: what each one received and how it ended.

An engine lists them in their order, with all that is shown (ListMapRunItems). AWS lists child executions, the latest
first, and describes each with a call of its own; it tells the index of an item only if the Map's ItemSelector puts it
into the item's input.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, loads_or
from lamplighter.console.page import Page
from lamplighter.console.view.runs.graph import map_processor

PAGE_SIZE = 100
AWS_PAGE_SIZE = 1000
"""The number of executions in an answer of AWS; a multiple of `PAGE_SIZE`."""
INDEX_PATHS = ("$$.Map.Item.Index", "$states.context.Map.Item.Index")
ALL = "ALL"
"""The filter for items of every status."""


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item, or a batch of items, of a Map Run."""

    index: int | None
    """The index of the first item, counted from 0; None if it is not known."""
    count: int
    status: str
    arn: str | None
    """The ARN of its run; None if it has no run that can be shown."""
    started: float | None
    """Seconds since the epoch."""
    ended: float | None
    input: str | None = None
    input_length: int = 0
    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class ItemQuery:
    """Which items of a Map Run a page shows."""

    map_run: str
    status: str
    skip: int
    """The number of items on earlier pages, a multiple of `PAGE_SIZE`."""
    index: int | None = None
    """The index of the only item to show."""


@dataclass(frozen=True, slots=True)
class ItemPage:
    """A page of the items of a Map Run."""

    rows: Sequence[ItemRow]
    in_order: bool = False
    """Whether the items are in their order."""
    unlisted: bool = False
    """Whether AWS does not list the items, because their executions are express ones."""


async def read_items(page: Page, query: ItemQuery, map_state: Json) -> ItemPage:
    """Return a page of items; `map_state` is the Map in its definition."""
    given: Json = {"mapRunArn": query.map_run, "limit": PAGE_SIZE}
    if query.index is not None:
        given |= {"index": query.index}
    else:
        given |= {"skip": query.skip} | ({} if query.status == ALL else {"status": query.status})
    answer = await page.call_internal("states", "ListMapRunItems", **given)
    if answer is not None:
        return ItemPage([_to_row(each, each["index"]) for each in answer["items"]], in_order=True)
    try:
        listed = await _list_executions(page, query)
    except AwsError:
        if not _is_express(map_state):
            raise
        return ItemPage((), unlisted=True)
    described = await asyncio.gather(
        *(page.call_or_none("states", "DescribeExecution", executionArn=each["executionArn"]) for each in listed)
    )
    key = index_key(map_state)
    found = [each | (about or {}) for each, about in zip(listed, described, strict=True)]
    return ItemPage([_to_row(each, _index_in_input(each, key)) for each in found])


def _is_express(map_state: Json) -> bool:
    processor = map_processor(map_state)
    config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
    return isinstance(config, dict) and config.get("ExecutionType") == "EXPRESS"


async def _list_executions(page: Page, query: ItemQuery) -> Sequence[Json]:
    given = {"mapRunArn": query.map_run, "maxResults": AWS_PAGE_SIZE}
    given |= {} if query.status == ALL else {"statusFilter": query.status}
    pages_before, skip = divmod(query.skip, AWS_PAGE_SIZE)
    async for answer in page.call_pages("states", "ListExecutions", **given):
        if pages_before == 0:
            found: Sequence[Json] = answer["executions"][skip : skip + PAGE_SIZE]
            return found
        pages_before -= 1
    return ()


def _to_row(item: Json, index: int | None) -> ItemRow:
    arn, given = item.get("executionArn"), item.get("input")
    return ItemRow(
        index,
        item.get("itemCount") or 1,
        item["status"],
        None if arn is None or ":express:" in arn else arn,
        item.get("startDate"),
        item.get("stopDate"),
        given,
        item.get("inputLength", len(given or "")),
        item.get("error"),
        item.get("cause"),
    )


def index_key(map_state: Json) -> str | None:
    """Return the key under which a Map's ItemSelector puts the index of an item into its input, or None."""
    state: Mapping[str, Json] = map_state if isinstance(map_state, dict) else {}
    selector = state.get("ItemSelector", state.get("Parameters"))
    if "ItemBatcher" in state or not isinstance(selector, dict):
        return None
    found = (str(key) for key, value in selector.items() if _is_index(value))
    return next((key.removesuffix(".$") for key in found), None)


def _is_index(value: Json) -> bool:
    return isinstance(value, str) and value.removeprefix("{%").removesuffix("%}").strip() in INDEX_PATHS


def _index_in_input(item: Json, key: str | None) -> int | None:
    document = loads_or(item.get("input") or "", None) if key is not None else None
    found = document.get(key) if isinstance(document, dict) else None
    return found if isinstance(found, int) else None
