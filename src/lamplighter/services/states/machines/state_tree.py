"""The states of a definition as they stand in its text, those inside of Parallel and Map included."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lamplighter.base.json_text import Json

INNER = ("ItemProcessor", "Iterator", "Branches")
"""The fields of a state that hold further states."""


@dataclass(frozen=True, slots=True)
class StatePlace:
    """One state and where it stands."""

    at: str
    """As AWS's diagnostics say it: /States/Both/Branches[0]/States/Left"""
    name: str
    state: Mapping[str, Json]
    jsonata: bool
    """Whether the state speaks JSONata."""

    @property
    def own(self) -> Mapping[str, Json]:
        """The fields of the state without the states inside of it."""
        return {name: value for name, value in self.state.items() if name not in INNER}


def state_places(definition: Json) -> Iterator[StatePlace]:
    """Every state of a definition that has been found to be one, each before those inside of it."""
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
