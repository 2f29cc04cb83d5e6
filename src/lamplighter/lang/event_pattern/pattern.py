"""Compile event patterns and match events against them, for rules, archives and filter policies.

Guarantees that a pattern is compiled once, that a match reads only the fields that the pattern names, and that it reads
at most `MAX_VALUES` values: an event that needs more raises `PatternTooComplex`.

A field is named by the steps to it, joined by dots; the field names of an event may also contain dots. Objects in
arrays give a field several values. Two conditions are met together only by values that are in the same element of every
array that they share. `field_conditions.py` merges the conditions on one field. Rejects an invalid pattern with AWS's
message. See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json, nesting_depth
from lamplighter.lang.event_pattern.comparisons import (
    EventPatternError,
    Path,
    PatternPosition,
    PatternToken,
    Predicate,
    compile_comparison,
    is_plain_text,
    require_only_member,
)
from lamplighter.lang.event_pattern.field_conditions import (
    Choice,
    FieldCondition,
    Item,
    TooManyCombinations,
    merge_conditions,
)

__all__ = ["EventPatternError", "Pattern", "PatternTooComplex", "compile_event_pattern"]

MAX_DEPTH = 200
"""The deepest nesting of a pattern; 4,096 characters hardly hold more."""
MAX_VALUES = 300_000
"""The most values of an event that one match reads: more than twice as many as the largest event has."""
AFTER_ALL_FIELDS: tuple[str, ...] = ("\U0010ffff",)
"""The place of a `$or` among the fields: it sorts after every field."""
TOO_COMPLEX = "Event pattern repeats fields in too many combinations of $or"
TOO_DEEP = f"Event pattern is nested more than {MAX_DEPTH} levels deep"

RESERVED = frozenset(
    {
        *("exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr"),
        *("=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case"),
        *("date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"),
        *("ip-address-in-range", "ip-address-not-in-range"),
    }
)
"""Names that no field inside `$or` may have."""

Steps = tuple[str, ...]
ReadLeaf = Callable[[Json], Json]
ArrayElement = tuple[int, int, Steps, "ArrayElement | None"]
"""An element of an array: the array's id, the element's index, the field of the array, and the element around it."""
ChoiceKey = tuple[int | tuple[int, int], ...]
"""A key for a choice that was tried: pairs of array and element, or the index of a condition before them."""
ChosenElements = Mapping[int, tuple[int, Steps]]
"""The chosen element of each array, by the array's id: the element's index and the steps to the array's field."""
Condition = Callable[[Json, ChosenElements, "WorkLimit"], Iterator[ChosenElements]]
"""A function that yields each way in which the event meets a condition.

It gets the elements that earlier conditions chose, and yields these together with those of its own values.
"""


class PatternTooComplex(LamplighterError):
    """An event with too many values, in too many arrays, for the pattern."""


@dataclass(slots=True)
class WorkLimit:
    """The number of values that a match may still read."""

    remaining: int = MAX_VALUES

    def spend(self) -> None:
        """Count one value; raise `PatternTooComplex` if the limit is passed."""
        self.remaining -= 1
        if self.remaining < 0:
            raise PatternTooComplex(
                f"To match this pattern, more than {MAX_VALUES} values of the event must be read, which is the limit."
            )


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern."""

    _condition: Condition

    def matches(self, event: Json) -> bool:
        """Return whether an event matches. Raises `PatternTooComplex`."""
        return any(True for _ in self._condition(event, {}, WorkLimit()))


def compile_event_pattern(source: Json, read_leaf: ReadLeaf | None = None) -> Pattern:
    """Compile a pattern. Raises `EventPatternError` with the reason.

    `read_leaf` returns what a leaf of an event is compared as, such as a rounded number.
    """
    if not isinstance(source, dict):
        raise EventPatternError("Filter is not an object", PatternPosition(()))
    if nesting_depth(source) > MAX_DEPTH:
        raise EventPatternError(TOO_DEEP)
    items = list(_object_conditions(source, (), (), read_leaf, inside_or=False))
    try:
        return Pattern(_combine_conditions(merge_conditions(items)))
    except TooManyCombinations:
        raise EventPatternError(TOO_COMPLEX) from None


def field_values(event: Json, steps: Steps) -> Iterator[Json]:
    """Yield the values of a field of an event, from all elements of the arrays on the way."""
    return (value for value, _ in _values_with_elements(event, steps, {}, WorkLimit()))


# --- compiling --------------------------------------------------------------------------------------------------------


def _combine_conditions(items: Sequence[Item[Condition]]) -> Condition:
    found = [
        (tuple(item.name.split(".")), item.condition)
        if isinstance(item, FieldCondition)
        else (AFTER_ALL_FIELDS, _any_of([_combine_conditions(way) for way in item.branches]))
        for item in items
    ]
    return _all_of(found)


def _object_conditions(
    source: Json, at: Path, outer: Steps, read_leaf: ReadLeaf | None, *, inside_or: bool
) -> Iterator[Item[Condition]]:
    """Yield the conditions of an object's fields in their order; an event must meet all of them."""
    if not source:
        raise EventPatternError("Empty objects are not allowed", PatternPosition(at, PatternToken.END))
    for name, value in source.items():
        place, field = (*at, name), (*outer, *name.split("."))
        if name == "$or":
            yield Choice(list(_or_branches(value, place, outer, read_leaf)))
        elif inside_or and name in RESERVED:
            reason = f"{name} is Ruler reserved fieldName which cannot be used inside $or."
            raise EventPatternError(reason, PatternPosition(place))
        elif isinstance(value, dict):
            yield from _object_conditions(value, place, field, read_leaf, inside_or=inside_or)
        elif isinstance(value, list):
            yield FieldCondition(".".join(field), _field_condition(field, value, place, read_leaf))
        else:
            raise EventPatternError(f'"{name}" must be an object or an array', PatternPosition(place))


def _or_branches(value: Json, at: Path, outer: Steps, read_leaf: ReadLeaf | None) -> Iterator[list[Item[Condition]]]:
    if not isinstance(value, list):
        raise EventPatternError("It must be an Array followed with $or.", PatternPosition(at))
    for index, branch in enumerate(value):
        if not isinstance(branch, dict):
            raise EventPatternError(
                "Only JSON object is allowed in array of $or relationship.", PatternPosition((*at, index))
            )
        yield list(_object_conditions(branch, (*at, index), outer, read_leaf, inside_or=True))
    if len(value) < 2:
        raise EventPatternError(
            "There must have at least 2 Objects in $or relationship.", PatternPosition(at, PatternToken.END)
        )


def _field_condition(steps: Steps, values: Json, at: Path, read_leaf: ReadLeaf | None) -> Condition:
    """Return the condition that a field has one of several values, or that it is absent if the pattern allows that."""
    if len(steps) > MAX_DEPTH:
        raise EventPatternError(TOO_DEEP)
    if not values:
        raise EventPatternError("Empty arrays are not allowed", PatternPosition(at, PatternToken.END))
    tests: list[Predicate] = []
    texts = {value for value in values if isinstance(value, str) and is_plain_text(value)}
    absent = False
    for index, value in enumerate(values):
        if isinstance(value, str) and value in texts:
            continue
        if not (isinstance(value, dict) and next(iter(value), None) == "exists"):
            tests.append(compile_comparison(value, (*at, index)))
        elif _read_exists(value, (*at, index)):
            tests.append(lambda _value: True)
        else:
            absent = True

    def fits(value: Json) -> bool:
        return (isinstance(value, str) and value in texts) or any(test(value) for test in tests)

    fits_leaf = fits if read_leaf is None else lambda value: fits(read_leaf(value))

    def met(event: Json, elements: ChosenElements, work: WorkLimit) -> Iterator[ChosenElements]:
        for value, inside in _values_with_elements(event, steps, elements, work):
            if fits_leaf(value):
                yield _with_element(elements, inside)
        # A field is absent if the event has it nowhere, neither in the chosen elements nor in others.
        if absent and not any(True for _ in _values_with_elements(event, steps, {}, work)):
            yield elements

    return met


def _read_exists(value: Json, at: Path) -> bool:
    if not isinstance(value["exists"], bool):
        raise EventPatternError("exists match pattern must be either true or false.", PatternPosition((*at, "exists")))
    require_only_member(value, at)
    wanted: bool = value["exists"]
    return wanted


# --- matching ---------------------------------------------------------------------------------------------------------


def _all_of(found: Sequence[tuple[Steps, Condition]]) -> Condition:
    """Return the condition that all conditions are met, by values that can occur together.

    Fields of one array are tried next to each other, so that a failure there is not combined with every choice
    elsewhere.
    """
    ordered = sorted(found, key=lambda each: each[0])
    conditions = [condition for _, condition in ordered]
    # For each array's field, the last condition that depends on the chosen element. A `$or` may depend on every
    # element.
    choice = any(steps == AFTER_ALL_FIELDS for steps, _ in ordered)
    last = {steps[:end]: at for at, (steps, _) in enumerate(ordered) if not choice for end in range(len(steps) + 1)}

    def met(event: Json, elements: ChosenElements, work: WorkLimit) -> Iterator[ChosenElements]:
        # Most events fail at a single field; then no combination of values needs to be searched.
        if not all(any(True for _ in condition(event, elements, work)) for condition in conditions):
            return
        yield from search(event, elements, 0, work, set())

    def search(
        event: Json, elements: ChosenElements, index: int, work: WorkLimit, failed: set[ChoiceKey]
    ) -> Iterator[ChosenElements]:
        if index == len(conditions):
            yield elements
            return
        tried = set[ChoiceKey]()
        for found in conditions[index](event, elements, work):
            key = tuple(sorted((array, at) for array, (at, _) in found.items()))
            # The elements of arrays that no later condition reads make no difference to the later conditions.
            rest = tuple(each for each in key if last.get(found[each[0]][1], len(conditions)) > index)
            if key in tried or (index, *rest) in failed:
                continue
            tried.add(key)
            success = False
            for each in search(event, found, index + 1, work, failed):
                success = True
                yield each
            if not success:
                failed.add((index, *rest))

    return met if len(conditions) > 1 else conditions[0]


def _any_of(conditions: Sequence[Condition]) -> Condition:
    def met(event: Json, elements: ChosenElements, work: WorkLimit) -> Iterator[ChosenElements]:
        for condition in conditions:
            yield from condition(event, elements, work)

    return met


def _with_element(elements: ChosenElements, element: ArrayElement | None) -> ChosenElements:
    """Return the chosen elements together with those around one more value."""
    found: dict[int, tuple[int, Steps]] = {}
    while element is not None:
        array, index, field, element = element
        found[array] = (index, field)
    return {**elements, **found} if found else elements


def _values_with_elements(
    event: Json, steps: Steps, elements: ChosenElements, work: WorkLimit
) -> Iterator[tuple[Json, ArrayElement | None]]:
    """Yield a field's values: from the chosen element of an array, or from all elements if none was chosen."""
    pending: list[tuple[Json, int, ArrayElement | None]] = [(event, 0, None)]
    while pending:
        value, at, element = pending.pop()
        work.spend()
        if isinstance(value, dict):
            for end in range(at + 1, len(steps) + 1):
                name = ".".join(steps[at:end])
                if name in value:
                    pending.append((value[name], end, element))
        elif isinstance(value, list):
            chosen = elements.get(id(value))
            for index, inner in enumerate(value) if chosen is None else ((chosen[0], value[chosen[0]]),):
                # A bare value has no sibling fields that would have to be in the same element.
                bare = not isinstance(inner, (dict, list))
                pending.append((inner, at, element if bare else (id(value), index, steps[:at], element)))
        elif at == len(steps):
            yield value, element
