"""Explain how a resource changes: each changed property, what causes its change, and whether it forces a replacement.

A change set stores the explanation with the values of properties; `without_values` returns the short form, in which AWS
names each property once. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChangeDetail.html.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.lang.template.functions import value_as_text
from lamplighter.lang.template.references import choose_branches, find_attributes, find_references, function_name
from lamplighter.services.cloudformation.resource_types.registry import requires_replacement
from lamplighter.services.cloudformation.stacks.shown_properties import KNOWN_AFTER_APPLY, shown_value

STATIC, DYNAMIC = "Static", "Dynamic"
VALUE_MEMBERS = (
    "Path",
    "BeforeValue",
    "AfterValue",
    "AttributeChangeType",
    "BeforeValueFrom",
    "AfterValueFrom",
    "Drift",
)
"""The members of a target that only a description with the values of properties has."""
_MISSING = object()
"""The place of a value that a property does not have."""


@dataclass(frozen=True, slots=True)
class Causes:
    """What an update changes, and what may thus change the properties that refer to it."""

    parameters: Set[str]
    """The parameters whose values change."""
    replaced: Mapping[str, bool]
    """The resources that are created or replaced; whether this is certain."""
    modified: Mapping[str, Set[str]]
    """The resources that change in place, with the names of their changed properties."""
    conditions: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class ChangedProperty:
    """A property that an update changes, or may change."""

    type: str
    """The type of the resource."""
    name: str
    expression: Json
    """The property in the new template, with its functions."""
    before: Json
    """The values as they are shown; None if the property is absent."""
    after: Json


def explain_property(changed: ChangedProperty, causes: Causes) -> list[Json]:
    """Return the details of a changed property, one or more for each part of it that changes."""
    root = f"/Properties/{changed.name}"
    before, after = (_MISSING if value is None else value for value in (changed.before, changed.after))
    places = list(_differences(before, after, ()))
    found: list[Json] = []
    for path, old, new in places or [((), before, after)]:
        target = {
            "Attribute": "Properties",
            "Name": changed.name,
            "RequiresRecreation": requires_replacement(changed.type, "/".join((changed.name, *path))),
            "Path": "/".join((root, *path)),
            **_shown_values(old, new),
        }
        references = _references(_part(changed.expression, path), causes)
        found += [_detail(target, *reference) for reference in references]
        if places or not references:
            found.append(_detail(target, DYNAMIC if references else STATIC, "DirectModification"))
    return found


def explain_attribute(attribute: str, before: Json, after: Json) -> Json:
    """Return the detail of a change of another attribute than the properties, such as the metadata."""
    old, new = (_MISSING if value is None else value for value in (before, after))
    shown = _shown_values(old, new)
    target = {"Attribute": attribute, "RequiresRecreation": "Never", "Path": f"/{attribute}", **shown}
    return _detail(target, STATIC, "DirectModification")


def explain_nested_stack() -> Json:
    """Return the detail of a nested stack: only its own update shows what changes in it."""
    return _detail({"Attribute": "Properties", "RequiresRecreation": "Never"}, DYNAMIC, "Automatic")


def replacement_of(details: list[Json]) -> str:
    """Return whether a resource with these details is replaced: True, False or Conditional."""
    recreated = [each for each in details if each["Target"]["RequiresRecreation"] != "Never"]
    certain = any(
        each["Evaluation"] == STATIC and each["Target"]["RequiresRecreation"] == "Always" for each in recreated
    )
    return "True" if certain else "Conditional" if recreated else "False"


def without_values(change: Json) -> Json:
    """Return a change as it is described without the values of properties."""
    short = {name: value for name, value in change["ResourceChange"].items() if not name.endswith("Context")}
    details: list[Json] = []
    for each in change["ResourceChange"]["Details"]:
        # The values alone show this change: the short form names only the resource that causes it.
        is_consequence = each["Evaluation"] == DYNAMIC and each["ChangeSource"] == "DirectModification"
        if is_consequence and KNOWN_AFTER_APPLY in str(each["Target"].get("AfterValue")):
            continue
        target = {name: value for name, value in each["Target"].items() if name not in VALUE_MEMBERS}
        if each | {"Target": target} not in details:
            details.append(each | {"Target": target})
    return change | {"ResourceChange": short | {"Details": details}}


def _references(expression: Json, causes: Causes) -> list[tuple[str, str, str]]:
    """Return what changes and an expression refers to: each as its evaluation, source and causing entity."""
    chosen = choose_branches(expression, causes.conditions)
    attributes = list(dict.fromkeys((name, attribute) for _, name, attribute in find_attributes(chosen)))
    read_by_attribute = {name for name, _ in attributes}
    found = []
    for name in dict.fromkeys(find_references(chosen)):
        if name in causes.parameters:
            found.append((STATIC, "ParameterReference", name))
        elif name in causes.replaced and name not in read_by_attribute:
            found.append((_evaluation(causes.replaced[name]), "ResourceReference", name))
    for name, wanted in attributes:
        if name in causes.replaced:
            found.append((_evaluation(causes.replaced[name]), "ResourceAttribute", f"{name}.{wanted}"))
        elif name in causes.modified:
            found.append((_evaluation(wanted in causes.modified[name]), "ResourceAttribute", f"{name}.{wanted}"))
    return found


def _evaluation(certain: bool) -> str:  # noqa: FBT001 - a fact that becomes a word
    return STATIC if certain else DYNAMIC


def _detail(target: Json, evaluation: str, source: str, entity: str | None = None) -> Json:
    return {
        "Target": target,
        "Evaluation": evaluation,
        "ChangeSource": source,
        **({"CausingEntity": entity} if entity is not None else {}),
    }


def _shown_values(before: Json, after: Json) -> Json:
    kind = "Add" if before is _MISSING else "Remove" if after is _MISSING else "Modify"
    return {
        **({"BeforeValue": shown_value(before)} if before is not _MISSING else {}),
        **({"AfterValue": shown_value(after)} if after is not _MISSING else {}),
        "AttributeChangeType": kind,
    }


def _differences(before: Json, after: Json, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Json, Json]]:
    """Yield the places where two values differ, with the two values; a missing value is `_MISSING`."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in {**before, **after}:
            yield from _differences(before.get(name, _MISSING), after.get(name, _MISSING), (*path, name))
    elif isinstance(before, list) and isinstance(after, list):
        for at in range(max(len(before), len(after))):
            old, new = (items[at] if at < len(items) else _MISSING for items in (before, after))
            yield from _differences(old, new, (*path, str(at)))
    elif before is _MISSING or after is _MISSING:
        if before is not after:
            yield path, before, after
    elif value_as_text(before) != value_as_text(after):
        yield path, before, after


def _part(expression: Json, path: tuple[str, ...]) -> Json:
    """Return the part of an expression that makes the value at a path; it may make more than this value."""
    for step in path:
        if function_name(expression) is not None:
            break
        if isinstance(expression, dict) and step in expression:
            expression = expression[step]
        elif isinstance(expression, list) and int(step) < len(expression):
            expression = expression[int(step)]
        else:
            break
    return expression
