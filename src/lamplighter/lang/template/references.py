"""Find what the functions of a template refer to, and the order in which resources must be created.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-dependson.html.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from lamplighter.base.json_text import Json
from lamplighter.lang.template.text import TemplateError

SUB_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")
"""A variable of Fn::Sub; `${!Literal}` is the text `${Literal}`."""


def function_name(value: Json) -> str | None:
    """Return the name of the function that a value calls, or None for a plain value."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    (name,) = value
    return name if name in ("Ref", "Condition") or name.startswith("Fn::") else None


def function_names(value: Json) -> Iterator[str]:
    """Yield the names of all functions that a value calls."""
    name = function_name(value)
    if name is not None:
        yield name
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from function_names(inner)


def find_references(value: Json) -> list[str]:
    """Return the names of all resources, parameters and pseudo parameters that a value refers to."""
    found: list[str] = []
    _collect(value, found)
    return found


def _collect(value: Json, found: list[str]) -> None:
    if isinstance(value, list):
        for item in value:
            _collect(item, found)
    elif isinstance(value, dict):
        function = len(value) == 1
        for name, inner in value.items():
            if function:
                _collect_from_function(name, inner, found)
            else:
                _collect(inner, found)


def _collect_from_function(name: str, inner: Json, found: list[str]) -> None:
    if name == "Ref" and isinstance(inner, str):
        found.append(inner)
    elif name == "Fn::GetAtt":
        if isinstance(inner, str):
            found.append(inner.partition(".")[0])
        elif isinstance(inner, list) and inner and isinstance(inner[0], str):
            found.append(inner[0])
            _collect(inner[1:], found)
    elif name == "Fn::Sub":
        _collect_from_sub(inner, found)
    else:
        _collect(inner, found)


def _collect_from_sub(inner: Json, found: list[str]) -> None:
    text, given = (inner[0], inner[1]) if isinstance(inner, list) and len(inner) == 2 else (inner, {})
    _collect(given, found)
    if isinstance(text, str):
        for literal, name in SUB_VARIABLE.findall(text):
            variable = name.strip()
            if not literal and not (isinstance(given, dict) and variable in given):
                found.append(variable.partition(".")[0])


def find_attributes(value: Json) -> Iterator[tuple[str, str, str]]:
    """Yield every attribute that a value reads: Fn::GetAtt or Fn::Sub, the name of the resource, and the attribute."""
    if isinstance(value, list):
        for item in value:
            yield from find_attributes(item)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name == "Fn::GetAtt" and len(value) == 1:
                parts = inner.split(".", 1) if isinstance(inner, str) else inner
                if isinstance(parts, list) and len(parts) > 1 and all(isinstance(part, str) for part in parts):
                    yield name, parts[0], ".".join(parts[1:])
            else:
                yield from find_attributes(inner)
                if name == "Fn::Sub" and len(value) == 1:
                    yield from ((name, *each) for each in _attributes_of_sub(inner))


def _attributes_of_sub(inner: Json) -> Iterator[tuple[str, str]]:
    text, given = (inner[0], inner[1]) if isinstance(inner, list) and len(inner) == 2 else (inner, {})
    for literal, name in SUB_VARIABLE.findall(text) if isinstance(text, str) else ():
        resource, dot, attribute = name.strip().partition(".")
        if dot and not literal and not (isinstance(given, dict) and name.strip() in given):
            yield resource, attribute


def choose_branches(value: Json, conditions: Mapping[str, bool]) -> Json:
    """Return a value in which each Fn::If is replaced by the branch that its condition chooses."""
    if isinstance(value, list):
        return [choose_branches(item, conditions) for item in value]
    if not isinstance(value, dict):
        return value
    given = value.get("Fn::If") if len(value) == 1 else None
    if isinstance(given, list) and len(given) == 3 and isinstance(given[0], str) and given[0] in conditions:
        return choose_branches(given[1 if conditions[given[0]] else 2], conditions)
    return {name: choose_branches(inner, conditions) for name, inner in value.items()}


def creation_order(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the names so that each follows the names that it needs.

    First come the names that need none, then those that need only these, and so on; each group is in the given order.

    Raises `TemplateError` if the names form a circle.
    """
    positions = {name: at for at, name in enumerate(needs)}
    waiting = {name: {need for need in needed if need in positions} for name, needed in needs.items()}
    dependents: dict[str, list[str]] = {name: [] for name in needs}
    for name, needed in waiting.items():
        for need in needed:
            dependents[need].append(name)
    found: list[str] = []
    ready = [name for name, needed in waiting.items() if not needed]
    while ready:
        found += ready
        freed = []
        for name in ready:
            del waiting[name]
            for other in dependents[name]:
                waiting[other].discard(name)
                if not waiting[other]:
                    freed.append(other)
        ready = sorted(freed, key=positions.__getitem__)
    if waiting:
        raise TemplateError(f"Circular dependency between resources: [{', '.join(sorted(_cycle(waiting)))}]")
    return found


def _cycle(waiting: Mapping[str, set[str]]) -> set[str]:
    """Return the names that wait for each other, without those that only wait for them."""
    needed = set(waiting)
    while True:
        still = set().union(*(waiting[name] & needed for name in needed))
        if still == needed:
            return needed
        needed &= still
