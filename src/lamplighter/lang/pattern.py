"""Event patterns: which events a rule, an archive or a filter policy wants.

Promises that a pattern is compiled once and that matching reads an event once. An event is seen as fields: a name, the
steps joined by dots, for each leaf. Objects in arrays give several values to a name, and two conditions are met
together only by values that are in the same element of every array that they share. Refuses what is no pattern, in
AWS's words.
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.jsontext import Json, depth
from lamplighter.lang.matchers import InvalidPattern, Path, Predicate, Spot, Token, comparison

__all__ = ["Fields", "InvalidPattern", "Pattern", "compile_pattern", "fields_of"]

DEEPEST = 200
"""How deeply a pattern may be nested; 4,096 characters hold hardly more."""

RESERVED = frozenset(
    {
        *("exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr"),
        *("=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case"),
        *("date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"),
        *("ip-address-in-range", "ip-address-not-in-range"),
    }
)
"""Names that no field has inside `$or`."""

Elements = Mapping[int, int]
"""In which element of which array a value is."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value of a field."""

    value: Json
    elements: Elements


Fields = Mapping[str, Sequence[Leaf]]
Condition = Callable[[Fields, Elements], Iterator[Elements]]
"""The ways in which a condition is met, given where the values of others are: each with where its own are."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern."""

    _condition: Condition

    def matches(self, event: Json) -> bool:
        """Whether an event is wanted."""
        return self.wants(fields_of(event))

    def wants(self, fields: Fields) -> bool:
        """Whether an event of these fields is wanted: for an event that is matched with many patterns."""
        return any(True for _ in self._condition(fields, {}))


def compile_pattern(source: Json) -> Pattern:
    """Compile a pattern; InvalidPattern says why one is none."""
    if not isinstance(source, dict):
        raise InvalidPattern("Filter is not an object", Spot(()))
    if depth(source) > DEEPEST:
        raise InvalidPattern(f"Event pattern is nested more than {DEEPEST} deep")
    return Pattern(_all_of(list(_object(source, (), "", inside_or=False))))


# --- compiling --------------------------------------------------------------------------------------------------------


def _object(source: Json, at: Path, prefix: str, *, inside_or: bool) -> Iterator[Condition]:
    """The conditions of an object, all of which are to be met."""
    if not source:
        raise InvalidPattern("Empty objects are not allowed", Spot(at, Token.END))
    for name, value in source.items():
        place, field = (*at, name), f"{prefix}{name}"
        if name == "$or":
            yield _any_of([_all_of(branch) for branch in _branches(value, place, prefix)])
        elif inside_or and name in RESERVED:
            reason = f"{name} is Ruler reserved fieldName which cannot be used inside $or."
            raise InvalidPattern(reason, Spot(place))
        elif isinstance(value, dict):
            yield from _object(value, place, f"{field}.", inside_or=inside_or)
        elif isinstance(value, list):
            yield _field(field, value, place)
        else:
            raise InvalidPattern(f'"{name}" must be an object or an array', Spot(place))


def _branches(value: Json, at: Path, prefix: str) -> Iterator[list[Condition]]:
    if not isinstance(value, list):
        raise InvalidPattern("It must be an Array followed with $or.", Spot(at))
    for index, branch in enumerate(value):
        if not isinstance(branch, dict):
            raise InvalidPattern("Only JSON object is allowed in array of $or relationship.", Spot((*at, index)))
        yield list(_object(branch, (*at, index), prefix, inside_or=True))
    if len(value) < 2:
        raise InvalidPattern("There must have at least 2 Objects in $or relationship.", Spot(at, Token.END))


def _field(name: str, values: Json, at: Path) -> Condition:
    """A field that has one of several values, or that is not there at all where that is asked for."""
    if not values:
        raise InvalidPattern("Empty arrays are not allowed", Spot(at, Token.END))
    tests: list[Predicate] = []
    absent = False
    for index, value in enumerate(values):
        if not (isinstance(value, dict) and "exists" in value):
            tests.append(comparison(value, (*at, index)))
        elif _exists(value, (*at, index)):
            tests.append(lambda _value: True)
        else:
            absent = True

    def met(fields: Fields, elements: Elements) -> Iterator[Elements]:
        leaves = fields.get(name)
        if leaves is None:
            if absent:
                yield elements
            return
        for leaf in leaves:
            if any(test(leaf.value) for test in tests):
                together = _together(elements, leaf.elements)
                if together is not None:
                    yield together

    return met


def _exists(value: Json, at: Path) -> bool:
    if not isinstance(value["exists"], bool):
        raise InvalidPattern("exists match pattern must be either true or false.", Spot((*at, "exists")))
    if len(value) > 1:
        other = next(name for name in value if name != "exists")
        raise InvalidPattern("Only one key allowed in match expression", Spot((*at, other)))
    return value["exists"]


# --- matching ---------------------------------------------------------------------------------------------------------


def _all_of(conditions: Sequence[Condition]) -> Condition:
    """All conditions at once, by values that can be together."""

    def met(fields: Fields, elements: Elements) -> Iterator[Elements]:
        # Most events fail at one field: that needs no search for values that go together.
        if not all(any(True for _ in condition(fields, elements)) for condition in conditions):
            return
        yield from chosen(fields, elements, 0)

    def chosen(fields: Fields, elements: Elements, index: int) -> Iterator[Elements]:
        if index == len(conditions):
            yield elements
            return
        tried: list[Elements] = []
        for found in conditions[index](fields, elements):
            if found not in tried:
                tried.append(found)
                yield from chosen(fields, found, index + 1)

    return met if len(conditions) > 1 else conditions[0]


def _any_of(conditions: Sequence[Condition]) -> Condition:
    def met(fields: Fields, elements: Elements) -> Iterator[Elements]:
        for condition in conditions:
            yield from condition(fields, elements)

    return met


def _together(some: Elements, others: Elements) -> Elements | None:
    """Where two sets of values are; None where they are in different elements of one array."""
    if not others:
        return some
    if not some:
        return others
    if any(some.get(array, element) != element for array, element in others.items()):
        return None
    return {**some, **others}


def fields_of(event: Json) -> Fields:
    """The fields of an event."""
    found: dict[str, list[Leaf]] = {}
    arrays = 0
    left: list[tuple[str, Json, Elements]] = [("", event, {})]
    while left:
        name, value, elements = left.pop()
        if isinstance(value, dict):
            left += [(f"{name}.{key}" if name else key, inner, elements) for key, inner in value.items()]
        elif isinstance(value, list):
            arrays += 1
            for index, inner in enumerate(value):
                # A bare value has no fields beside it with which it would have to be together.
                inside = {**elements, arrays: index} if isinstance(inner, (dict, list)) else elements
                left.append((name, inner, inside))
        else:
            found.setdefault(name, []).append(Leaf(value, elements))
    return found
