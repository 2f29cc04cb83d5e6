"""Compile the rules and archives of each bus and keep them in memory.

Guarantees that they are never older than the transaction that reads them: a version, which is a row, changes with every
rule and archive. A change reads only its own rule, so that a new rule costs the same however many there are; if a
change is undone, all are read again. An engine without rules and archives makes one query for each event and builds no
event.
"""

import logging
from itertools import chain

from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.lang.jackson_errors import first_or_partial_value
from lamplighter.services.events.errors import InvalidEventPattern
from lamplighter.services.events.rules.bus_rules import BusRules, CompiledRule, required_texts
from lamplighter.services.events.rules.event_patterns import read_pattern
from lamplighter.services.events.tables import resources as rows
from lamplighter.services.events.tables.resources import Resource
from lamplighter.store.db import Reader, Tx

MAX_BUSES = 10_000
"""The most buses whose rules are kept in memory."""

log = logging.getLogger("lamplighter.events")


class CompiledRules:
    """The compiled rules and archives of one engine."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._version: str | None = None
        self._buses: dict[tuple[Caller, str], BusRules] = {}
        self._has_rules = False

    def record_change(self, tx: Tx, arn: str) -> None:
        """Store a new version, because the row of a rule or archive is new, changed or deleted."""
        self._refresh(tx)
        self._read_again(tx, arn)
        self._version = self._world.uuid()
        rows.set_rules_version(tx, self._version)

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
            self._buses[key] = _read_bus(reader, caller, bus)
        return self._buses[key]

    def _refresh(self, reader: Reader) -> None:
        version = rows.rules_version(reader)
        if version != self._version:
            self._buses.clear()
            self._has_rules = rows.any_exists(reader, "rule", "archive")
            self._version = version

    def _read_again(self, reader: Reader, arn: str) -> None:
        self._has_rules = rows.any_exists(reader, "rule", "archive")
        for bus in self._buses.values():
            bus.discard(arn)
        if (resource := rows.readable_by_arn(reader, arn)) is not None:
            name = _bus_of(resource)
            known, rule = self._buses.get((Caller(resource.account, resource.region), name)), _compile(resource, name)
            if known is not None and rule is not None:
                known.add(rule)


def _read_bus(reader: Reader, caller: Caller, bus: str) -> BusRules:
    rules = rows.all_readable(reader, "rule", caller.account, caller.region, bus)
    archives = rows.all_readable(reader, "archive", caller.account, caller.region, "")
    return BusRules(rule for each in chain(rules, archives) if (rule := _compile(each, bus)) is not None)


def _compile(resource: Resource, bus: str) -> CompiledRule | None:
    """Return the rule or archive if it gets events of a bus, else None."""
    text = resource.body.get("EventPattern")
    if _bus_of(resource) != bus or (resource.kind == "rule" and (not text or resource.body.get("State") == "DISABLED")):
        return None
    if not text:
        return CompiledRule(resource, None, {})
    try:
        return CompiledRule(resource, read_pattern(text), required_texts(first_or_partial_value(text)))
    except InvalidEventPattern as error:
        log.error("%s gets no more events, because its event pattern is invalid: %s", resource.arn, error)
        return None


def _bus_of(resource: Resource) -> str:
    return str(resource.body.get("Bus", "")) if resource.kind == "archive" else resource.scope
