"""Find the rules and archives of a bus that can match an event, without trying all of them.

A rule is filed under one field for which its pattern names all possible texts, such as the ARN of a state machine. Of
several such fields, the one counts whose texts have the fewest rules so far. So an event of one job among thousands is
compared with few patterns. A rule without such a field is tried for every event.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.lang.event_pattern.comparisons import is_plain_text
from lamplighter.lang.event_pattern.pattern import Pattern, field_values
from lamplighter.services.events.tables.resources import Resource

NO_FIELD = ""
"""The field under which rules are filed that have none."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule or an archive, and the pattern of the events that it gets; without a pattern, it gets all."""

    resource: Resource
    pattern: Pattern | None
    texts: Mapping[str, Collection[str]]
    """The only texts with which an event can match, for each field that has such texts."""


class BusRules:
    """The rules and archives of a bus."""

    def __init__(self, rules: Iterable[CompiledRule]) -> None:
        self.all: dict[str, CompiledRule] = {}
        """All rules and archives by their ARNs."""
        self._filed: dict[tuple[str, str], dict[str, CompiledRule]] = {}
        """Rules and archives by their ARNs, for each field and text."""
        self._places: dict[str, list[tuple[str, str]]] = {}
        self._fields: set[str] = set()
        for each in rules:
            self.add(each)

    def add(self, rule: CompiledRule) -> None:
        """Add a rule or archive that is not there."""
        arn, field = rule.resource.arn, min(rule.texts, key=lambda name: self._cost(rule, name), default=NO_FIELD)
        self.all[arn] = rule
        self._places[arn] = [(field, text) for text in rule.texts.get(field, (NO_FIELD,))]
        self._fields.add(field)
        for place in self._places[arn]:
            self._filed.setdefault(place, {})[arn] = rule

    def discard(self, arn: str) -> None:
        """Remove a rule or archive if it is there."""
        self.all.pop(arn, None)
        for place in self._places.pop(arn, ()):
            del self._filed[place][arn]
            if not self._filed[place]:
                del self._filed[place]

    def candidates(self, event: Json) -> list[CompiledRule]:
        """Return the rules and archives that can match an event, in the order of their ARNs."""
        found = dict(self._filed.get((NO_FIELD, NO_FIELD), {}))
        for field in list(self._fields):
            for text in field_values(event, tuple(field.split("."))):
                found |= self._filed.get((field, text), {})
        return [found[arn] for arn in sorted(found)]

    def _cost(self, rule: CompiledRule, field: str) -> tuple[int, int]:
        """Return how many rules are filed where a rule would be; of equal fields the one with the longest text wins."""
        texts = rule.texts[field]
        return max(len(self._filed.get((field, text), ())) for text in texts), -max(map(len, texts))


def required_texts(pattern: Json) -> dict[str, Collection[str]]:
    """Return the fields of a pattern for which an event must have one of certain texts, with these texts."""
    found: dict[str, list[Json]] = {}
    for name, values in _fields(pattern, ()):
        found.setdefault(name, []).append(values)
    single = {name: lists[0] for name, lists in found.items() if len(lists) == 1}
    return {name: frozenset(values) for name, values in single.items() if all(map(_is_text, values))}


def _fields(part: Json, outer: tuple[str, ...]) -> Iterator[tuple[str, Json]]:
    """Yield the fields of a pattern with their values; those inside `$or` are there only for some events."""
    for name, value in part.items():
        if name == "$or":
            yield from ((field, [None]) for branch in value for field, _ in _fields(branch, outer))
        elif isinstance(value, dict):
            yield from _fields(value, (*outer, name))
        else:
            yield ".".join((*outer, name)), value


def _is_text(value: Json) -> bool:
    return isinstance(value, str) and is_plain_text(value)
