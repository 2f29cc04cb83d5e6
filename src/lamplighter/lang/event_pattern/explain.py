"""Explain field by field why an event matches an event pattern or does not.

Guarantees to judge each field as the whole pattern does (`lang/event_pattern/pattern.py`): the result of a field is
that of a pattern with this field alone. One element of an array must meet all fields of that array, so each field may
be met although the pattern as a whole is not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.lang.event_pattern.pattern import PatternTooComplex, compile_pattern, field_values

SHOWN = 20
"""The most values of a field that an explanation lists."""


@dataclass(frozen=True, slots=True)
class FieldMatch:
    """The result for one field of a pattern."""

    field: str
    """The path of the field, such as `detail.status`; it ends with `$or` for a choice of patterns."""
    wanted: Json
    """The field's value in the pattern."""
    found: Sequence[Json]
    """The field's values in the event; empty if the event has no such field."""
    met: bool
    branches: Sequence[Sequence["FieldMatch"]] = ()
    """The results for each branch of a `$or`, of which one must be met."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether an event matches a pattern, and the result for each field."""

    matches: bool
    findings: Sequence[FieldMatch]

    @property
    def met_separately(self) -> bool:
        """Return True if every field is met, but no single element of an array meets them all."""
        return not self.matches and all(finding.met for finding in self.findings)


def explain(pattern: Json, event: Json) -> Explanation:
    """Explain why an event matches a pattern or does not. Raises `InvalidPattern`."""
    return Explanation(_met(pattern, event), list(_object(pattern, event, ())))


def _object(pattern: Mapping[str, Json], event: Json, outer: tuple[str, ...]) -> Iterator[FieldMatch]:
    for name, wanted in pattern.items():
        at = (*outer, name)
        if name == "$or" and isinstance(wanted, list):
            branches = [list(_object(branch, event, outer)) for branch in wanted]
            met = _met(_inside(outer, {"$or": wanted}), event)
            yield FieldMatch(".".join(at), wanted, (), met, branches)
        elif isinstance(wanted, dict):
            yield from _object(wanted, event, at)
        else:
            steps = tuple(".".join(at).split("."))
            found = [value for value, _ in zip(field_values(event, steps), range(SHOWN), strict=False)]
            yield FieldMatch(".".join(at), wanted, found, _met(_inside(at, wanted), event))


def _met(pattern: Json, event: Json) -> bool:
    """Return whether an event matches a pattern; False if the event is too complex for the pattern."""
    try:
        return compile_pattern(pattern).matches(event)
    except PatternTooComplex:
        return False


def _inside(path: Sequence[str], value: Json) -> Json:
    for name in reversed(path):
        value = {name: value}
    return value
