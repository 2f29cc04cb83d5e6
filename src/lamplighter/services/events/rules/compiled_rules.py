"""What events are matched with, compiled: the rules and archives of each bus.

Promises never to be older than the transaction that asks: a version, a row, changes with every rule, target and
archive. An engine that has none is asked one question for each event and makes none; rules that name their sources are
not looked at for others.
"""

import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from lamplighter.bus import Caller
from lamplighter.lang.event_pattern.pattern import Pattern
from lamplighter.lang.json_errors import first_value
from lamplighter.services.events.errors import InvalidEventPattern
from lamplighter.services.events.rules.event_patterns import read_pattern
from lamplighter.services.events.tables import resources as rows
from lamplighter.services.events.tables.resources import Resource
from lamplighter.store.db import Reader, Row

ADDRESS = re.compile(r":|^[0-9.]+$")
BUSES, PATTERNS = 256, 4_096
"""How many buses and compiled patterns are held in memory."""

log = logging.getLogger("lamplighter.events")


@dataclass(frozen=True, slots=True)
class CompiledPattern:
    """An event pattern, and the only sources whose events it may match, where it names them."""

    pattern: Pattern
    sources: Collection[str] | None


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule or an archive, and which events it wants; None: all."""

    resource: Resource
    pattern: Pattern | None
    sources: Collection[str] | None
    """The only sources whose events it may want, where it names them."""


@dataclass(frozen=True, slots=True)
class BusRules:
    """All that want events of a bus."""

    named: Mapping[str, tuple[CompiledRule, ...]]
    """By source, those that may want its events."""
    others: tuple[CompiledRule, ...]
    """Those that may want events of any other source."""

    def matching_source(self, source: str) -> tuple[CompiledRule, ...]:
        """Those that may want events of a source."""
        return self.named.get(source, self.others)


class CompiledRules:
    """The rules and archives of one engine."""

    def __init__(self) -> None:
        self._version: str | None = None
        self._buses: dict[tuple[Caller, str], BusRules] = {}
        self._any = False
        self._patterns: dict[str, CompiledPattern] = {}
        """By their texts: a rule that is new compiles no other again."""
        self._known: dict[tuple[Caller, str], dict[Row, CompiledRule | None]] = {}
        """By bus, what its rows were when they were read last: a rule that is new has no other read again."""

    def has_rules(self, reader: Reader) -> bool:
        """Whether there is any rule or archive at all."""
        self._turn(reader)
        return self._any

    def rules_of_bus(self, reader: Reader, caller: Caller, bus: str) -> BusRules:
        """Who wants events of a bus."""
        self._turn(reader)
        key = caller, bus
        if key not in self._buses:
            if len(self._buses) >= BUSES:
                self._buses.clear()
                self._known.clear()
            self._buses[key] = self._read(reader, caller, bus)
        return self._buses[key]

    def _turn(self, reader: Reader) -> None:
        version = rows.version(reader)
        if version != self._version:
            self._buses.clear()
            self._any = rows.exists(reader, "rule", "archive")
            self._version = version

    def _read(self, reader: Reader, caller: Caller, bus: str) -> BusRules:
        found = rows.all_rows(reader, "rule", caller.account, caller.region, bus)
        found += rows.all_rows(reader, "archive", caller.account, caller.region)
        known = self._known.get((caller, bus), {})
        now = {row: known[row] if row in known else self._candidate(row, bus) for row in found}
        self._known[caller, bus] = now
        return _sorted([candidate for candidate in now.values() if candidate is not None])

    def _candidate(self, row: Row, bus: str) -> CompiledRule | None:
        resource = rows.read_row(row)
        if resource is None or not _is_wanted(resource, bus):
            return None
        text = resource.body.get("EventPattern")
        if not text:
            return CompiledRule(resource, None, None)
        try:
            compiled = self._compile(text)
        except InvalidEventPattern as error:
            log.error("%s wants nothing any more: %s", resource.arn, error)
            return None
        return CompiledRule(resource, compiled.pattern, compiled.sources)

    def _compile(self, text: str) -> CompiledPattern:
        if text not in self._patterns:
            if len(self._patterns) >= PATTERNS:
                self._patterns.clear()
            self._patterns[text] = _compiled(text)
        return self._patterns[text]


def _is_wanted(resource: Resource, bus: str) -> bool:
    if resource.kind == "archive":
        return resource.body.get("Bus") == bus  # type: ignore[no-any-return]
    return bool(resource.body.get("EventPattern")) and resource.body.get("State") != "DISABLED"


def _sorted(candidates: list[CompiledRule]) -> BusRules:
    named: dict[str, list[CompiledRule]] = {name: [] for candidate in candidates for name in candidate.sources or ()}
    others: list[CompiledRule] = []
    for candidate in candidates:
        for listed in (
            [*named.values(), others] if candidate.sources is None else [named[name] for name in candidate.sources]
        ):
            listed.append(candidate)
    return BusRules({name: tuple(listed) for name, listed in named.items()}, tuple(others))


def _compiled(text: str) -> CompiledPattern:
    pattern, document = read_pattern(text), first_value(text)
    sources = document.get("source")
    # An address may be written in several ways, so that it is no name to look up; of `$or` each way may name its own.
    plain = (
        isinstance(sources, list)
        and "$or" not in document
        and all(isinstance(each, str) and ADDRESS.search(each) is None for each in sources)
    )
    return CompiledPattern(pattern, frozenset(sources) if plain else None)
