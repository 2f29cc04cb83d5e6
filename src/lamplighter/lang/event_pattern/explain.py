"""Why an event meets an event pattern, or does not: field by field.

Promises to judge each field as the whole pattern does (`lang/event_pattern/pattern.py`): a field's finding is that of a
pattern of nothing else. Fields of one array have to be met by one of its elements, so that each may be met and all
together not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.lang.event_pattern.pattern import PatternTooComplex, compile_pattern, field_values

SHOWN = 20
"""Values of a field that are told of, where the event has more."""


@dataclass(frozen=True, slots=True)
class FieldMatch:
    """What became of one field of a pattern."""

    field: str
    """`detail.status`; `$or` for a choice of patterns."""
    wanted: Json
    """As the pattern has it."""
    found: Sequence[Json]
    """The values that the event has there; none where it has no such field."""
    met: bool
    branches: Sequence[Sequence["FieldMatch"]] = ()
    """Those of a `$or`, of which one has to be met."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of a pattern."""

    matches: bool
    findings: Sequence[FieldMatch]

    @property
    def met_separately(self) -> bool:
        """Whether every field is met, though by no one element of an array."""
        return not self.matches and all(finding.met for finding in self.findings)


def explain(pattern: Json, event: Json) -> Explanation:
    """Why an event meets a pattern, or does not; raises InvalidPattern."""
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
    """Whether an event meets a pattern; one that is too complex for it is not met."""
    try:
        return compile_pattern(pattern).matches(event)
    except PatternTooComplex:
        return False


def _inside(path: Sequence[str], value: Json) -> Json:
    for name in reversed(path):
        value = {name: value}
    return value
