"""What a pattern asks of each field, where it names one more than once: what it says last.

The engine that EventBridge runs keeps one list of values for each field and each way through the choices (`$or`), so
that a field which is named again gets the later values: in all ways if it comes after a choice, in those ways which
name it if it comes within. Promises that of the conditions that are left no two, one of which may not be met without
the other, are of one field. Refuses patterns that would grow beyond all bounds by that.
See https://github.com/aws/event-ruler, JsonRuleCompiler.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from lamplighter.base.errors import LamplighterError

C = TypeVar("C")

MOST = 10_000
"""What may be asked of fields in all ways together, where fields are named again."""


class TooManyCombinations(LamplighterError):
    """The pattern would grow beyond bounds."""


@dataclass(frozen=True, slots=True)
class Field(Generic[C]):
    """A field with what is asked of it."""

    name: str
    condition: C


@dataclass(frozen=True, slots=True)
class Choice(Generic[C]):
    """Ways, one of which is to be gone."""

    ways: Sequence[Sequence["Field[C] | Choice[C]"]]


Item = Field[C] | Choice[C]


def merge_conditions(items: Sequence[Item[C]]) -> list[Item[C]]:
    """What is asked of all fields, in order, with each field's last word only."""
    if _each_once(items):
        return list(items)
    found: list[Item[C]] = []
    for item in items:
        if isinstance(item, Field):
            found = [left for each in found if (left := _without(each, item.name)) is not None]
            found.append(item)
        else:
            named = _names(item)
            # What a way may say again is asked in those ways in which it is not said again.
            before = [each for each in found if not named.isdisjoint(_names(each))]
            found = [each for each in found if named.isdisjoint(_names(each))]
            if sum(map(_size, before)) * len(item.ways) > MOST:
                raise TooManyCombinations
            found.append(Choice([merge_conditions([*before, *way]) for way in item.ways]))
    return found


def _each_once(items: Sequence[Item[C]]) -> bool:
    """Whether no field is named twice along any way."""
    named = set[str]()
    for item in items:
        names = _names(item)
        if not named.isdisjoint(names):
            return False
        named |= names
    return all(_each_once(way) for item in items if isinstance(item, Choice) for way in item.ways)


def _size(item: Item[C]) -> int:
    return 1 if isinstance(item, Field) else sum(_size(each) for way in item.ways for each in way)


def _without(item: Item[C], name: str) -> Item[C] | None:
    """What is left of an item without a field; None where that asks for nothing."""
    if isinstance(item, Field):
        return None if item.name == name else item
    if name not in _names(item):
        return item
    ways = [[left for each in way if (left := _without(each, name)) is not None] for way in item.ways]
    return Choice(ways) if all(ways) else None


def _names(item: Item[C]) -> frozenset[str]:
    if isinstance(item, Field):
        return frozenset((item.name,))
    return frozenset(name for way in item.ways for each in way for name in _names(each))
