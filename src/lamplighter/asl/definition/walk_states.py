"""Iterate over all states of a definition, also those in branches and in processors.

The definition need not have been checked: parts that are not objects are skipped.
Imports nothing of the compiler, so that code that only shows runs loads quickly.
"""

from collections.abc import Iterator, Sequence

from lamplighter.base.json_text import Json


def walk_states(definition: Json) -> Iterator[tuple[str, Json]]:
    """Yield all states of a definition with their names."""
    found = definition.get("States") if isinstance(definition, dict) else None
    for name, state in found.items() if isinstance(found, dict) else ():
        if isinstance(state, dict):
            yield name, state
            for inner in inner_blocks(state):
                yield from walk_states(inner)


def inner_blocks(state: Json) -> Sequence[Json]:
    """Return the blocks of states inside a state: its processor, or its branches."""
    branches = state.get("Branches")
    return (state.get("ItemProcessor"), state.get("Iterator"), *(branches if isinstance(branches, list) else ()))
