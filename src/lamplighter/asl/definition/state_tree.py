"""Iterate over all states of a definition's JSON, including those inside Parallel and Map."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lamplighter.base.json_text import Json

INNER_FIELDS = ("ItemProcessor", "Iterator", "Branches")
"""The fields of a state that contain further states."""


@dataclass(frozen=True, slots=True)
class StatePlace:
    """A state and its location in the definition."""

    location: str
    """The location as AWS's diagnostics write it: /States/Both/Branches[0]/States/Left"""
    name: str
    state: Mapping[str, Json]
    jsonata: bool
    """Whether the state uses JSONata."""

    @property
    def own_fields(self) -> Mapping[str, Json]:
        """Return the state's fields without the states inside it."""
        return own_fields(self.state)


def own_fields(state: Mapping[str, Json]) -> dict[str, Json]:
    """Return the fields of a state without the states inside it."""
    return {name: value for name, value in state.items() if name not in INNER_FIELDS}


def state_places(definition: Json) -> Iterator[StatePlace]:
    """Yield every state of a valid definition, each before the states inside it."""
    yield from _block(definition, "", jsonata=definition.get("QueryLanguage") == "JSONata")


def _block(block: Json, at: str, *, jsonata: bool) -> Iterator[StatePlace]:
    for name, state in block["States"].items():
        here = f"{at}/States/{name}"
        yield StatePlace(here, name, state, jsonata or state.get("QueryLanguage") == "JSONata")
        for index, branch in enumerate(state.get("Branches", [])):
            yield from _block(branch, f"{here}/Branches[{index}]", jsonata=jsonata)
        for field in ("ItemProcessor", "Iterator"):
            if field in state:
                yield from _block(state[field], f"{here}/{field}", jsonata=jsonata)
