"""Merge the conditions on fields that an event pattern names more than once: the last condition counts.

EventBridge's engine keeps one list of values for each field and each way through the choices (`$or`). A field that is
named again gets the later values: in all ways if it follows a choice, and only in the ways that name it if it is inside
a choice. Guarantees that among the remaining conditions, no two that must be met together are for the same field.
Rejects patterns that this merging would make too large.
See https://github.com/aws/event-ruler, JsonRuleCompiler.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from lamplighter.base.errors import LamplighterError

C = TypeVar("C")

MAX_COPIED_CONDITIONS = 10_000
"""The most conditions that one choice may copy into its ways, if it names fields again."""


class TooManyCombinations(LamplighterError):
    """A pattern that would have more than `MAX_COPIED_CONDITIONS` conditions."""


@dataclass(frozen=True, slots=True)
class FieldCondition(Generic[C]):
    """A field and the condition on it."""

    name: str
    condition: C


@dataclass(frozen=True, slots=True)
class Choice(Generic[C]):
    """A `$or`: ways, of which one must be met."""

    branches: Sequence[Sequence["FieldCondition[C] | Choice[C]"]]


Item = FieldCondition[C] | Choice[C]


def merge_conditions(items: Sequence[Item[C]]) -> list[Item[C]]:
    """Return the conditions in order, keeping only the last condition for each field."""
    if _has_unique_fields(items):
        return list(items)
    found: list[Item[C]] = []
    for item in items:
        if isinstance(item, FieldCondition):
            found = [left for each in found if (left := _without_field(each, item.name)) is not None]
            found.append(item)
        else:
            named = _field_names(item)
            # A way may name an earlier field again. The earlier condition then remains only in the other ways.
            before = [each for each in found if not named.isdisjoint(_field_names(each))]
            found = [each for each in found if named.isdisjoint(_field_names(each))]
            if sum(map(_count_conditions, before)) * len(item.branches) > MAX_COPIED_CONDITIONS:
                raise TooManyCombinations
            found.append(Choice([merge_conditions([*before, *way]) for way in item.branches]))
    return found


def _has_unique_fields(items: Sequence[Item[C]]) -> bool:
    """Return whether no field is named twice along any way."""
    named = set[str]()
    for item in items:
        names = _field_names(item)
        if not named.isdisjoint(names):
            return False
        named |= names
    return all(_has_unique_fields(way) for item in items if isinstance(item, Choice) for way in item.branches)


def _count_conditions(item: Item[C]) -> int:
    return (
        1 if isinstance(item, FieldCondition) else sum(_count_conditions(each) for way in item.branches for each in way)
    )


def _without_field(item: Item[C], name: str) -> Item[C] | None:
    """Return an item without a field, or None if the rest requires nothing."""
    if isinstance(item, FieldCondition):
        return None if item.name == name else item
    if name not in _field_names(item):
        return item
    branches = [[left for each in way if (left := _without_field(each, name)) is not None] for way in item.branches]
    return Choice(branches) if all(branches) else None


def _field_names(item: Item[C]) -> frozenset[str]:
    if isinstance(item, FieldCondition):
        return frozenset((item.name,))
    return frozenset(name for way in item.branches for each in way for name in _field_names(each))
