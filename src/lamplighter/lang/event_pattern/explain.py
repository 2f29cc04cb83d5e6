"""Explain field by field why an event matches an event pattern or does not.

Guarantees to judge each field as the whole pattern does (`lang/event_pattern/pattern.py`): the result of a field is
that of a pattern with this field alone. One element of an array must meet all fields of that array, so each field may
be met although the pattern as a whole is not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.lang.event_pattern.pattern import PatternTooComplex, compile_event_pattern, field_values

MAX_LISTED_VALUES = 20
"""The most values of a field that an explanation lists."""


@dataclass(frozen=True, slots=True)
class FieldResult:
    """The result for one field of a pattern."""

    field: str
    """The path of the field, such as `detail.status`; it ends with `$or` for a choice of patterns."""
    wanted: Json
    """The field's value in the pattern."""
    found: Sequence[Json]
    """The field's values in the event; empty if the event has no such field."""
    met: bool
    branches: Sequence[Sequence["FieldResult"]] = ()
    """The results for each branch of a `$or`, of which one must be met."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether an event matches a pattern, and the result for each field."""

    matches: bool
    results: Sequence[FieldResult]

    @property
    def met_separately(self) -> bool:
        """Return True if every field is met, but no single element of an array meets them all."""
        return not self.matches and all(finding.met for finding in self.results)


def explain_match(pattern: Json, event: Json) -> Explanation:
    """Explain why an event matches a pattern or does not. Raises `EventPatternError`."""
    return Explanation(_matches(pattern, event), list(_field_results(pattern, event, ())))


def _field_results(pattern: Mapping[str, Json], event: Json, outer: tuple[str, ...]) -> Iterator[FieldResult]:
    for name, wanted in pattern.items():
        at = (*outer, name)
        if name == "$or" and isinstance(wanted, list):
            branches = [list(_field_results(branch, event, outer)) for branch in wanted]
            met = _matches(_nest(outer, {"$or": wanted}), event)
            yield FieldResult(".".join(at), wanted, (), met, branches)
        elif isinstance(wanted, dict):
            yield from _field_results(wanted, event, at)
        else:
            steps = tuple(".".join(at).split("."))
            found = [value for value, _ in zip(field_values(event, steps), range(MAX_LISTED_VALUES), strict=False)]
            yield FieldResult(".".join(at), wanted, found, _matches(_nest(at, wanted), event))


def _matches(pattern: Json, event: Json) -> bool:
    """Return whether an event matches a pattern; False if the event is too complex for the pattern."""
    try:
        return compile_event_pattern(pattern).matches(event)
    except PatternTooComplex:
        return False


def _nest(path: Sequence[str], value: Json) -> Json:
    for name in reversed(path):
        value = {name: value}
    return value
