"""Event patterns: which events a rule, an archive or a filter policy wants.

Promises that a pattern is compiled once, that matching looks only where the pattern does, and that it looks at `MOST`
values at most: `PatternTooComplex` refuses an event that has more for it. A field is named by the
steps to it, joined by dots; an event may have the dots in its own names. Objects in arrays give several values to a
field, and two conditions are met together only by values that are in the same element of every array that they share.
Refuses what is no pattern, in AWS's words.
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json, depth
from lamplighter.lang.event_pattern.comparisons import (
    InvalidPattern,
    Path,
    PatternPosition,
    PatternToken,
    Predicate,
    compile_comparison,
    is_plain_text,
    require_only_member,
)
from lamplighter.lang.event_pattern.field_conditions import Choice, Field, Item, TooManyCombinations, merge_conditions

__all__ = ["InvalidPattern", "Pattern", "PatternTooComplex", "compile_pattern"]

DEEPEST = 200
"""How deeply a pattern may be nested; 4,096 characters hold hardly more."""
MOST = 300_000
"""Values of an event that are looked at: more than twice as many as the largest event has."""
LAST: tuple[str, ...] = ("\U0010ffff",)
"""Comes after the fields."""
TOO_COMPLEX = "Event pattern names fields again in too many combinations of $or"
TOO_DEEP = f"Event pattern is nested more than {DEEPEST} deep"

RESERVED = frozenset(
    {
        *("exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr"),
        *("=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case"),
        *("date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"),
        *("ip-address-in-range", "ip-address-not-in-range"),
    }
)
"""Names that no field has inside `$or`."""

Steps = tuple[str, ...]
Inside = tuple[int, int, Steps, "Inside | None"]
"""An array, one of its elements, the field that it is, and the array and element that it is in."""
Tried = tuple[int | tuple[int, int], ...]
"""Which elements of which arrays, for whoever looks at them."""
Elements = Mapping[int, tuple[int, Steps]]
"""In which element of which array the values are that were chosen, and the field that the array is."""
Condition = Callable[[Json, Elements, "WorkLimit"], Iterator[Elements]]
"""The ways in which an event meets a condition, given where the values of others are: each with where its own are."""


class PatternTooComplex(LamplighterError):
    """The event has too many values, in too many arrays, for the pattern."""


@dataclass(slots=True)
class WorkLimit:
    """How many more values may be looked at."""

    left: int = MOST

    def spend(self) -> None:
        """Look at one more."""
        self.left -= 1
        if self.left < 0:
            raise PatternTooComplex(f"The pattern looks at more than {MOST} values of the event.")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern."""

    _condition: Condition

    def matches(self, event: Json) -> bool:
        """Whether an event is wanted; raises TooComplex."""
        return any(True for _ in self._condition(event, {}, WorkLimit()))


def compile_pattern(source: Json) -> Pattern:
    """Compile a pattern; InvalidPattern says why one is none."""
    if not isinstance(source, dict):
        raise InvalidPattern("Filter is not an object", PatternPosition(()))
    if depth(source) > DEEPEST:
        raise InvalidPattern(TOO_DEEP)
    items = list(_object(source, (), (), inside_or=False))
    try:
        return Pattern(_condition(merge_conditions(items)))
    except TooManyCombinations:
        raise InvalidPattern(TOO_COMPLEX) from None


def field_values(event: Json, steps: Steps) -> Iterator[Json]:
    """The values that an event has at a field, in all elements of whatever arrays are on the way."""
    return (value for value, _ in _leaves(event, steps, {}, WorkLimit()))


# --- compiling --------------------------------------------------------------------------------------------------------


def _condition(items: Sequence[Item[Condition]]) -> Condition:
    """What is asked of fields, as one condition."""
    found = [
        (tuple(item.name.split(".")), item.condition)
        if isinstance(item, Field)
        else (LAST, _any_of([_condition(way) for way in item.ways]))
        for item in items
    ]
    return _all_of(found)


def _object(source: Json, at: Path, outer: Steps, *, inside_or: bool) -> Iterator[Item[Condition]]:
    """What an object asks of its fields, all of it to be met, in its order."""
    if not source:
        raise InvalidPattern("Empty objects are not allowed", PatternPosition(at, PatternToken.END))
    for name, value in source.items():
        place, field = (*at, name), (*outer, *name.split("."))
        if name == "$or":
            yield Choice(list(_branches(value, place, outer)))
        elif inside_or and name in RESERVED:
            reason = f"{name} is Ruler reserved fieldName which cannot be used inside $or."
            raise InvalidPattern(reason, PatternPosition(place))
        elif isinstance(value, dict):
            yield from _object(value, place, field, inside_or=inside_or)
        elif isinstance(value, list):
            yield Field(".".join(field), _field(field, value, place))
        else:
            raise InvalidPattern(f'"{name}" must be an object or an array', PatternPosition(place))


def _branches(value: Json, at: Path, outer: Steps) -> Iterator[list[Item[Condition]]]:
    if not isinstance(value, list):
        raise InvalidPattern("It must be an Array followed with $or.", PatternPosition(at))
    for index, branch in enumerate(value):
        if not isinstance(branch, dict):
            raise InvalidPattern(
                "Only JSON object is allowed in array of $or relationship.", PatternPosition((*at, index))
            )
        yield list(_object(branch, (*at, index), outer, inside_or=True))
    if len(value) < 2:
        raise InvalidPattern(
            "There must have at least 2 Objects in $or relationship.", PatternPosition(at, PatternToken.END)
        )


def _field(steps: Steps, values: Json, at: Path) -> Condition:
    """A field that has one of several values, or that is not there at all where that is asked for."""
    if len(steps) > DEEPEST:
        raise InvalidPattern(TOO_DEEP)
    if not values:
        raise InvalidPattern("Empty arrays are not allowed", PatternPosition(at, PatternToken.END))
    tests: list[Predicate] = []
    texts = {value for value in values if isinstance(value, str) and is_plain_text(value)}
    absent = False
    for index, value in enumerate(values):
        if isinstance(value, str) and value in texts:
            continue
        if not (isinstance(value, dict) and next(iter(value), None) == "exists"):
            tests.append(compile_comparison(value, (*at, index)))
        elif _exists(value, (*at, index)):
            tests.append(lambda _value: True)
        else:
            absent = True

    def fits(value: Json) -> bool:
        return (isinstance(value, str) and value in texts) or any(test(value) for test in tests)

    def met(event: Json, elements: Elements, work: WorkLimit) -> Iterator[Elements]:
        for value, inside in _leaves(event, steps, elements, work):
            if fits(value):
                yield _with(elements, inside)
        # Absent is what the event has nowhere, in the elements that were chosen or in others.
        if absent and not any(True for _ in _leaves(event, steps, {}, work)):
            yield elements

    return met


def _exists(value: Json, at: Path) -> bool:
    if not isinstance(value["exists"], bool):
        raise InvalidPattern("exists match pattern must be either true or false.", PatternPosition((*at, "exists")))
    require_only_member(value, at)
    wanted: bool = value["exists"]
    return wanted


# --- matching ---------------------------------------------------------------------------------------------------------


def _all_of(found: Sequence[tuple[Steps, Condition]]) -> Condition:
    """All conditions at once, by values that can be together.

    Fields of one array are looked at one after another, so that one that fails there is not tried with all of others.
    """
    ordered = sorted(found, key=lambda each: each[0])
    conditions = [condition for _, condition in ordered]
    # By an array's field the last condition to which it matters which element was chosen; to a choice all may matter.
    choice = any(steps == LAST for steps, _ in ordered)
    last = {steps[:end]: at for at, (steps, _) in enumerate(ordered) if not choice for end in range(len(steps) + 1)}

    def met(event: Json, elements: Elements, work: WorkLimit) -> Iterator[Elements]:
        # Most events fail at one field: that needs no search for values that go together.
        if not all(any(True for _ in condition(event, elements, work)) for condition in conditions):
            return
        yield from chosen(event, elements, 0, work, set())

    def chosen(event: Json, elements: Elements, index: int, work: WorkLimit, failed: set[Tried]) -> Iterator[Elements]:
        if index == len(conditions):
            yield elements
            return
        tried = set[Tried]()
        for found in conditions[index](event, elements, work):
            key = tuple(sorted((array, at) for array, (at, _) in found.items()))
            # What was chosen in arrays that no other condition looks at does not matter to them.
            rest = tuple(each for each in key if last.get(found[each[0]][1], len(conditions)) > index)
            if key in tried or (index, *rest) in failed:
                continue
            tried.add(key)
            success = False
            for each in chosen(event, found, index + 1, work, failed):
                success = True
                yield each
            if not success:
                failed.add((index, *rest))

    return met if len(conditions) > 1 else conditions[0]


def _any_of(conditions: Sequence[Condition]) -> Condition:
    def met(event: Json, elements: Elements, work: WorkLimit) -> Iterator[Elements]:
        for condition in conditions:
            yield from condition(event, elements, work)

    return met


def _with(elements: Elements, inside: Inside | None) -> Elements:
    """Where the values are with one more."""
    found: dict[int, tuple[int, Steps]] = {}
    while inside is not None:
        array, index, field, inside = inside
        found[array] = (index, field)
    return {**elements, **found} if found else elements


def _leaves(event: Json, steps: Steps, elements: Elements, work: WorkLimit) -> Iterator[tuple[Json, Inside | None]]:
    """The values of a field in the elements that were chosen, or in all of an array of which none was."""
    left: list[tuple[Json, int, Inside | None]] = [(event, 0, None)]
    while left:
        value, at, inside = left.pop()
        work.spend()
        if isinstance(value, dict):
            for end in range(at + 1, len(steps) + 1):
                name = ".".join(steps[at:end])
                if name in value:
                    left.append((value[name], end, inside))
        elif isinstance(value, list):
            chosen = elements.get(id(value))
            for index, inner in enumerate(value) if chosen is None else ((chosen[0], value[chosen[0]]),):
                # A bare value has no fields beside it with which it would have to be together.
                bare = not isinstance(inner, (dict, list))
                left.append((inner, at, inside if bare else (id(value), index, steps[:at], inside)))
        elif at == len(steps):
            yield value, inside
