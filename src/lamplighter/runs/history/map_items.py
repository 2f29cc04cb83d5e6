"""Read the items of an inline Map from the story of a run: how each one ended, with which input and error.

An item is one iteration of the Map. Its path ends with a step such as `Files[3]`. Guarantees that each item has one
status: that of the state in which it is, or ended. Pure.
See https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html.
"""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.base.json_text import Json
from lamplighter.runs.history.state_status import visit_status
from lamplighter.runs.history.story import Attempt, Story, Visit

STEP = re.compile(r"(.+)\[([0-9]{1,9})\]", re.DOTALL)
"""The form of a step of a path: the Map's name, and the index of the item."""
UNSUCCESSFUL = ("FAILED", "TIMED_OUT", "ABORTED")


@dataclass(frozen=True, slots=True)
class MapItem:
    """One iteration of an inline Map."""

    index: int
    path: tuple[str, ...]
    status: str
    entered: int
    """The id of the event that entered its first state, which has its input."""
    began: int
    """Milliseconds since the epoch."""
    ended: int | None
    error: str | None = None
    reason: str | None = None


def step_of(name: str, index: int) -> str:
    """Return the step of a path for an item of a Map."""
    return f"{name}[{index}]"


def map_of_step(step: str) -> str:
    """Return the name of the Map in a step of a path."""
    found = STEP.fullmatch(step)
    return found[1] if found else step


def read_map_items(story: Story, definition: Json, name: str) -> Sequence[MapItem]:
    """Return the items of a Map that have begun, by their paths. Of several visits of the Map, the last counts."""
    found: dict[tuple[str, ...], list[Visit]] = {}
    for visit in story.visits:
        inside = visit.path and map_of_step(visit.path[-1]) == name
        if inside and visit.around is not None and story.visits[visit.around].state == name:
            found.setdefault(visit.path, []).append(visit)
    failures = _latest_failures(story, {len(path) for path in found})
    causes = _declared_causes(definition)
    items = []
    for path, visits in found.items():
        own = [visit for visit in visits if visit.around == visits[-1].around]
        failed = failures.get(path)
        known = (None, None) if failed is None else (failed.error, failed.reason)
        items.append(_read_item(story, path, own, causes.get(own[-1].state, known)))
    return sorted(items, key=lambda item: _order(item.path))


def _latest_failures(story: Story, depths: Set[int]) -> Mapping[tuple[str, ...], Attempt]:
    """Return the last attempt that failed in each item, by the item's path, which has one of these lengths."""
    return {each.path[:depth]: each for each in story.attempts if each.failed for depth in depths}


def _order(path: tuple[str, ...]) -> list[tuple[str, int]]:
    parts = (STEP.fullmatch(step) for step in path)
    return [(part[1], int(part[2])) if part else ("", 0) for part in parts]


def _declared_causes(definition: Json) -> Mapping[str, tuple[str | None, str | None]]:
    """Return error and cause of each Fail state that the definition states as plain text."""
    return {
        name: (_plain_text(state.get("Error")), _plain_text(state.get("Cause")))
        for name, state in walk_states(definition)
        if state.get("Type") == "Fail"
    }


def _plain_text(value: Json) -> str | None:
    return value if isinstance(value, str) and not value.startswith("{%") else None


def _read_item(
    story: Story, path: tuple[str, ...], visits: Sequence[Visit], failure: tuple[str | None, str | None]
) -> MapItem:
    first, last = visits[0], visits[-1]
    status = visit_status(story, last)
    has_failed = status in UNSUCCESSFUL
    error, reason = failure if has_failed else (None, None)
    found = STEP.fullmatch(path[-1])
    return MapItem(
        int(found[2]) if found else 0,
        path,
        "SUCCEEDED" if status == "CAUGHT" else status,
        first.event,
        first.entered,
        story.ended if has_failed else last.left,
        error,
        reason,
    )


def only_items(story: Story, steps: Sequence[str]) -> Story:
    """Return the story without the visits of other items of the Maps that the steps name.

    The indexes among visits in the result are those of the whole story.
    """
    chosen = {map_of_step(step): step for step in steps}
    kept = [visit for visit in story.visits if all(chosen.get(map_of_step(step), step) == step for step in visit.path)]
    return replace(story, visits=tuple(kept)) if chosen else story
