"""List the variables that the states of a definition refer to, for DescribeStateMachine.

"A map of state name to a list of variables referenced by that state. States that do not use variable references will
not be shown in the response." `$states` is a reserved name, not a variable. An assignment is not a reference.
"""

import re
from collections.abc import Iterator, Mapping

from lamplighter.asl.definition.data_flow import expression_text, is_expression
from lamplighter.asl.definition.state_tree import StatePlace, state_places
from lamplighter.base.json_text import Json
from lamplighter.lang.jsonata.free_variables import free_names

QUOTED_TEXT = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
VARIABLE_NAME = re.compile(r"(?<![\w.$])\$([^\W\d]\w*)")
"""A pattern for a variable's name at the beginning of a path, also in an argument of an intrinsic function."""


def variable_references(definition: Json) -> dict[str, list[str]]:
    """Return the variables that each state refers to, in alphabetical order, by the state's name."""
    found = list(state_places(definition))
    assigned = {name for place in found for name in _assigned_names(place)}
    used = {place.name: sorted(_referenced_names(place, assigned)) for place in found}
    return {name: names for name, names in used.items() if names}


def _assigned_names(place: StatePlace) -> Iterator[str]:
    holders = [place.state, *place.state.get("Choices", []), *place.state.get("Catch", [])]
    for holder in holders:
        yield from (name.removesuffix(".$") for name in holder.get("Assign", {}))


def _referenced_names(place: StatePlace, assigned: set[str]) -> set[str]:
    if place.jsonata:
        texts = [text for text in _strings(place.own_fields) if is_expression(text)]
        return {name for text in texts for name in free_names(expression_text(text), assigned)} - {"states"}
    return {
        name
        for text in _paths_and_intrinsics(place.own_fields)
        for name in VARIABLE_NAME.findall(QUOTED_TEXT.sub("", text))
    }


def _strings(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


def _paths_and_intrinsics(value: Json) -> Iterator[str]:
    """Yield the paths and intrinsic functions of a state that uses JSONPath."""
    if isinstance(value, list):
        for inner in value:
            yield from _paths_and_intrinsics(inner)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(inner, str):
                if name.endswith((".$", "Path")) or name == "Variable":
                    yield inner
            elif name != "Result":
                yield from _paths_and_intrinsics(inner)
