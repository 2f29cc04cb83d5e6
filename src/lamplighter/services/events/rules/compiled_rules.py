"""Compile the rules and archives of each bus and keep them in memory.

Guarantees that they are never older than the transaction that reads them: a version, which is a row, changes with every
rule, target and archive. An engine without rules and archives makes one query for each event and builds no event. Rules
that name their sources are not tried for events of other sources.
"""

import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from lamplighter.bus import Caller
from lamplighter.lang.event_pattern.pattern import Pattern
from lamplighter.lang.jackson_errors import first_or_partial_value
from lamplighter.services.events.errors import InvalidEventPattern
from lamplighter.services.events.rules.event_patterns import read_pattern
from lamplighter.services.events.tables import resources as rows
from lamplighter.services.events.tables.resources import Resource
from lamplighter.store.db import Reader, Row

IP_ADDRESS = re.compile(r":|^[0-9.]+$")
MAX_BUSES, MAX_PATTERNS = 256, 4_096
"""The most buses and compiled patterns that are kept in memory."""

log = logging.getLogger("lamplighter.events")


CompiledPattern = tuple[Pattern, Collection[str] | None]
"""An event pattern, and the only sources whose events it can match; None if it does not name them."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule or an archive, and the pattern of the events that it gets; without a pattern, it gets all."""

    resource: Resource
    pattern: Pattern | None
    sources: Collection[str] | None


@dataclass(frozen=True, slots=True)
class BusRules:
    """The rules and archives of a bus, by the sources of events."""

    by_source: Mapping[str, tuple[CompiledRule, ...]]
    """The rules and archives that can match events of a source, for each source that one of them names."""
    any_source: tuple[CompiledRule, ...]
    """The rules and archives that can match events of any other source."""

    def matching_source(self, source: str) -> tuple[CompiledRule, ...]:
        """Return the rules and archives that can match events of a source."""
        return self.by_source.get(source, self.any_source)


class CompiledRules:
    """The compiled rules and archives of one engine."""

    def __init__(self) -> None:
        self._version: str | None = None
        self._buses: dict[tuple[Caller, str], BusRules] = {}
        self._has_rules = False
        self._patterns: dict[str, CompiledPattern] = {}
        """Compiled patterns by their texts: they are not compiled again for a new rule."""
        self._compiled_rows: dict[tuple[Caller, str], dict[Row, CompiledRule | None]] = {}
        """The rows of each bus that were read last, with their results: they are not parsed again for a new rule."""

    def has_rules(self, reader: Reader) -> bool:
        """Return whether there is any rule or archive."""
        self._refresh(reader)
        return self._has_rules

    def rules_of_bus(self, reader: Reader, caller: Caller, bus: str) -> BusRules:
        """Return the rules and archives of a bus."""
        self._refresh(reader)
        key = caller, bus
        if key not in self._buses:
            if len(self._buses) >= MAX_BUSES:
                self._buses.clear()
                self._compiled_rows.clear()
            self._buses[key] = self._read_bus(reader, caller, bus)
        return self._buses[key]

    def _refresh(self, reader: Reader) -> None:
        version = rows.rules_version(reader)
        if version != self._version:
            self._buses.clear()
            self._has_rules = rows.any_exists(reader, "rule", "archive")
            self._version = version

    def _read_bus(self, reader: Reader, caller: Caller, bus: str) -> BusRules:
        found = rows.all_rows(reader, "rule", caller.account, caller.region, bus)
        found += rows.all_rows(reader, "archive", caller.account, caller.region)
        known = self._compiled_rows.get((caller, bus), {})
        now = {row: known[row] if row in known else self._compile_row(row, bus) for row in found}
        self._compiled_rows[caller, bus] = now
        return _group_by_source([candidate for candidate in now.values() if candidate is not None])

    def _compile_row(self, row: Row, bus: str) -> CompiledRule | None:
        resource = rows.read_row(row)
        if resource is None or not _is_active_on_bus(resource, bus):
            return None
        text = resource.body.get("EventPattern")
        if not text:
            return CompiledRule(resource, None, None)
        try:
            return CompiledRule(resource, *self._cached_pattern(text))
        except InvalidEventPattern as error:
            log.error("%s gets no more events, because its event pattern is invalid: %s", resource.arn, error)
            return None

    def _cached_pattern(self, text: str) -> CompiledPattern:
        if text not in self._patterns:
            if len(self._patterns) >= MAX_PATTERNS:
                self._patterns.clear()
            self._patterns[text] = _compile_pattern(text)
        return self._patterns[text]


def _is_active_on_bus(resource: Resource, bus: str) -> bool:
    if resource.kind == "archive":
        return resource.body.get("Bus") == bus  # type: ignore[no-any-return]
    return bool(resource.body.get("EventPattern")) and resource.body.get("State") != "DISABLED"


def _group_by_source(candidates: list[CompiledRule]) -> BusRules:
    by_source: dict[str, list[CompiledRule]] = {name: [] for each in candidates for name in each.sources or ()}
    any_source: list[CompiledRule] = []
    for candidate in candidates:
        named = None if candidate.sources is None else [by_source[name] for name in candidate.sources]
        for listed in [*by_source.values(), any_source] if named is None else named:
            listed.append(candidate)
    return BusRules({name: tuple(listed) for name, listed in by_source.items()}, tuple(any_source))


def _compile_pattern(text: str) -> CompiledPattern:
    pattern, document = read_pattern(text), first_or_partial_value(text)
    sources = document.get("source")
    # An IP address can be written in several ways, so it cannot be looked up; each branch of `$or` may name other
    # sources.
    plain = (
        isinstance(sources, list)
        and "$or" not in document
        and all(isinstance(each, str) and IP_ADDRESS.search(each) is None for each in sources)
    )
    return pattern, frozenset(sources) if plain else None
