"""Build the part of the panel that lists the items of an inline Map, and shows the one that the visitor chose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.console.page import Page
from lamplighter.console.view.paging import Paging, take_page
from lamplighter.runs.history.map_items import MapItem, map_of_step, read_map_items
from lamplighter.runs.history.story import Story
from lamplighter.runs.run import FAILED_STATUSES

PAGE_SIZE = 20
MAX_INPUT_LENGTH = 100_000
"""The longest input of which the beginning is shown."""


@dataclass(frozen=True, slots=True)
class ListedItem:
    """An item in the list."""

    item: MapItem
    input: str
    """Its input as JSON text; empty if it is too long."""
    seconds: float | None
    """How long it took, or None if it has not ended."""


@dataclass(frozen=True, slots=True)
class MapPanel:
    """The items of a Map, page by page."""

    items: Sequence[ListedItem]
    total: int
    """The number of items that have begun."""
    failed: int
    only: str
    """The items that are listed: all or failed."""
    paging: Paging
    chosen: ListedItem | None
    """The chosen item, if one of this Map is chosen and has begun."""
    missing: str | None
    """The step of a chosen item that has not begun."""


def build_map_panel(
    page: Page, events: Mapping[int, Json], story: Story, definition: Json, steps: Sequence[str]
) -> MapPanel | None:
    """Build the list for the Map in the page's query; `events` are by their ids. None if it has no items to list."""
    name = page.query("state") or ""
    items = read_map_items(story, definition, name)
    outer = [step for step in steps if map_of_step(step) != name]
    items = [each for each in items if set(outer) <= set(each.path)]
    if not items:
        return None
    failed = [each for each in items if each.status in FAILED_STATUSES]
    only = page.query("items") or ("failed" if failed else "all")
    selected = failed if only == "failed" else items
    shown, paging = take_page(selected, page.query_number("page"), PAGE_SIZE)
    step = next((each for each in steps if map_of_step(each) == name), None)
    chosen = next((each for each in items if each.path[-1] == step), None)
    return MapPanel(
        [_list_item(story, each, events) for each in shown],
        len(items),
        len(failed),
        only,
        paging,
        None if chosen is None else _list_item(story, chosen, events),
        step if chosen is None else None,
    )


def _list_item(story: Story, item: MapItem, events: Mapping[int, Json]) -> ListedItem:
    given = str(events.get(item.entered, {}).get("stateEnteredEventDetails", {}).get("input", ""))
    seconds = None if item.ended is None else story.running_time(item.began, item.ended) / 1000
    return ListedItem(item, given if len(given) <= MAX_INPUT_LENGTH else "", seconds)
