"""Going through the states of a definition, wherever they are: in branches and in processors too.

Promises to read anything, and to cost nothing: who only looks at runs need not load what reads job files.
"""

from collections.abc import Iterator

from lamplighter.base.json_text import Json


def walk_states(definition: Json) -> Iterator[tuple[str, Json]]:
    """All states of a definition with their names."""
    found = definition.get("States") if isinstance(definition, dict) else None
    for name, state in found.items() if isinstance(found, dict) else ():
        if isinstance(state, dict):
            yield name, state
            for inner in (state.get("ItemProcessor"), state.get("Iterator"), *(state.get("Branches") or ())):
                yield from walk_states(inner)
