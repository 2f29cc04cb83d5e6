"""Compare the properties of a template with those that a resource has now.

Guarantees that only what the template sets is compared, as AWS does: a default that a service adds is no difference,
and neither is another spelling, another order of named items, or a document as text. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.lang.template.functions import value_as_text
from lamplighter.services.cloudformation.resource_types.operation_parameters import RENAMED_MEMBERS

NAMING_MEMBERS = ("Key", "Id", "Name", "ContainerName")
"""The members that name an item of a list; the order of such items has no meaning."""
_MISSING = object()
"""The place of a value that a resource does not have."""


@dataclass(frozen=True, slots=True)
class PropertyDifference:
    """A place at which the properties differ."""

    path: str
    """The JSON pointer of the place."""
    expected: str
    actual: str
    kind: str
    """ADD, REMOVE or NOT_EQUAL."""


def in_shape_of(expected: Json, actual: Json) -> Json:
    """Return the present value in the spelling and types of the expected one, without what that one does not set."""
    if isinstance(expected, dict):
        return _object_in_shape(expected, actual)
    if isinstance(expected, list):
        return _list_in_shape(expected, actual)
    if _same_scalar(expected, actual) or _same_document(expected, actual):
        return expected
    return actual if isinstance(actual, (dict, list)) else _scalar_in_type(expected, actual)


def property_differences(expected: Json, actual: Json, path: str = "") -> Iterator[PropertyDifference]:
    """Yield the differences of two values of the same shape."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name in {**expected, **actual}:
            step = name.replace("~", "~0").replace("/", "~1")
            old, new = expected.get(name, _MISSING), actual.get(name, _MISSING)
            yield from property_differences(old, new, f"{path}/{step}")
    elif isinstance(expected, list) and isinstance(actual, list):
        for at, (old, new) in enumerate(_pairs(expected, actual)):
            yield from property_differences(old, new, f"{path}/{at}")
    elif expected != actual:
        kind = "ADD" if expected is _MISSING else "REMOVE" if actual is _MISSING else "NOT_EQUAL"
        yield PropertyDifference(path, _as_text(expected), _as_text(actual), kind)


def _pairs(expected: list[Json], actual: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Yield the items of two lists that belong together, by their names if they have names."""
    naming = _naming_member(expected, actual)
    if naming is None:
        yield from zip_longest(expected, actual, fillvalue=_MISSING)
        return
    left = {value_as_text(item[naming]): item for item in actual}
    for item in expected:
        yield item, left.pop(value_as_text(item[naming]), _MISSING)
    for item in left.values():
        yield _MISSING, item


def _naming_member(expected: list[Json], actual: list[Json]) -> str | None:
    return next((each for each in NAMING_MEMBERS if _all_have(expected, each) and _all_have(actual, each)), None)


def _as_text(value: Json) -> str:
    return "null" if value is _MISSING else dumps(value) if isinstance(value, (dict, list)) else value_as_text(value)


def _object_in_shape(expected: Mapping[str, Json], actual: Json) -> Json:
    if isinstance(actual, str):
        # A document, of which every member counts.
        try:
            document = loads(actual)
        except JsonError:
            return actual
        return document
    if not isinstance(actual, Mapping):
        return actual
    members = {name.lower(): value for name, value in actual.items()}
    found = {}
    for name, value in expected.items():
        place = name.lower() if name.lower() in members else RENAMED_MEMBERS.get(name.lower(), name).lower()
        if members.get(place) is not None:
            found[name] = in_shape_of(value, members[place])
        elif _is_empty(value):
            found[name] = value
    return found


def _list_in_shape(expected: list[Json], actual: Json) -> Json:
    if isinstance(actual, Mapping):
        actual = [{"Key": name, "Value": value} for name, value in actual.items()]
    if not isinstance(actual, list):
        return actual
    naming = _naming_member(expected, actual)
    if naming is not None:
        return _named_items_in_shape(expected, actual, naming)
    if not any(isinstance(each, (dict, list)) for each in (*expected, *actual)):
        texts = sorted(map(value_as_text, expected))
        return expected if texts == sorted(map(value_as_text, actual)) else actual
    shaped = [in_shape_of(old, new) for old, new in zip(expected, actual, strict=False)]
    return [*shaped, *map(_in_template_spelling, actual[len(expected) :])]


def _named_items_in_shape(expected: list[Json], actual: list[Json], naming: str) -> list[Json]:
    """Return the present items in the order of the expected ones, and after them those that are not expected."""
    left = {value_as_text(_member(item, naming)): item for item in actual}
    shaped = []
    for item in expected:
        found = left.pop(value_as_text(item[naming]), None)
        if found is not None:
            shaped.append(in_shape_of(item, found))
    return [*shaped, *map(_in_template_spelling, left.values())]


def _all_have(items: list[Json], name: str) -> bool:
    return bool(items) and all(isinstance(item, Mapping) and _member(item, name) is not None for item in items)


def _member(item: Mapping[str, Json], name: str) -> Json:
    return next((value for key, value in item.items() if key.lower() == name.lower()), None)


def _in_template_spelling(value: Json) -> Json:
    """Return a value whose members begin with a capital letter, as in a template."""
    if isinstance(value, Mapping):
        return {name[:1].upper() + name[1:]: _in_template_spelling(inner) for name, inner in value.items()}
    return [_in_template_spelling(item) for item in value] if isinstance(value, list) else value


def _is_empty(value: Json) -> bool:
    return value in ("", [], {}, False, 0, "false", None)


def _scalar_in_type(expected: Json, actual: Json) -> Json:
    """Return the present value in the type of the expected one, if this is possible."""
    text = value_as_text(actual)
    if isinstance(expected, str):
        return text
    if isinstance(expected, bool):
        return text.lower() == "true" if text.lower() in ("true", "false") else actual
    try:
        return loads(text)
    except JsonError:
        return actual


def _same_scalar(expected: Json, actual: Json) -> bool:
    if isinstance(actual, (dict, list)):
        return False
    old, new = value_as_text(expected), value_as_text(actual)
    if old == new or (old.lower() in ("true", "false") and old.lower() == new.lower()):
        return True
    try:
        return float(old) == float(new)
    except ValueError:
        return False


def _same_document(expected: Json, actual: Json) -> bool:
    """Return whether two texts are the same JSON document."""
    if not isinstance(expected, str) or not isinstance(actual, str) or not expected.lstrip().startswith(("{", "[")):
        return False
    try:
        return bool(loads(expected) == loads(actual))
    except JsonError:
        return False
