"""Compile the rules and archives of each bus and keep them in memory.

Guarantees that they are never older than the transaction that reads them: a version, which is a row, changes with every
rule and archive. What changed between two versions is remembered, so that a new rule costs the same however many there
are; after an undone change, all are read again. An engine without rules and archives makes one query for each event and
builds no event.
"""

import logging

from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.lang.jackson_errors import first_or_partial_value
from lamplighter.services.events.errors import InvalidEventPattern
from lamplighter.services.events.rules.bus_rules import BusRules, CompiledRule, required_texts
from lamplighter.services.events.rules.event_patterns import read_pattern
from lamplighter.services.events.tables import resources as rows
from lamplighter.services.events.tables.resources import Resource
from lamplighter.store.db import Reader, Row, Tx

MAX_BUSES, MAX_CHANGES = 256, 1_024
"""The most buses and changes that are kept in memory."""

log = logging.getLogger("lamplighter.events")


class CompiledRules:
    """The compiled rules and archives of one engine."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._version: str | None = None
        self._buses: dict[tuple[Caller, str], BusRules] = {}
        self._has_rules = False
        self._changes: dict[str, tuple[str, str]] = {}
        """For each new version, the one before it, and the ARN of the rule or archive that changed."""

    def record_change(self, tx: Tx, arn: str) -> None:
        """Store a new version, because a rule or archive is new, changed or deleted."""
        if len(self._changes) >= MAX_CHANGES:
            self._changes.clear()
        version = self._world.uuid()
        self._changes[version] = rows.rules_version(tx), arn
        rows.set_rules_version(tx, version)

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
        if version == self._version:
            return
        changed, before = dict[str, None](), version
        while before != self._version and before in self._changes:
            before, arn = self._changes[before]
            changed[arn] = None
        if before != self._version:
            self._buses.clear()
        for arn in changed:
            self._read_again(reader, arn)
        self._has_rules = rows.any_exists(reader, "rule", "archive")
        self._version = version

    def _read_again(self, reader: Reader, arn: str) -> None:
        for bus in self._buses.values():
            bus.discard(arn)
        row = rows.row_by_arn(reader, arn)
        resource = None if row is None else rows.read_row(row)
        if resource is not None:
            name = _bus_of(resource)
            bus_rules = self._buses.get((Caller(resource.account, resource.region), name))
            rule = _compile(resource, name)
            if bus_rules is not None and rule is not None:
                bus_rules.add(rule)


def _read_bus(reader: Reader, caller: Caller, bus: str) -> BusRules:
    found: list[Row] = rows.all_rows(reader, "rule", caller.account, caller.region, bus)
    found += rows.all_rows(reader, "archive", caller.account, caller.region)
    resources = (resource for row in found if (resource := rows.read_row(row)) is not None)
    return BusRules(rule for each in resources if (rule := _compile(each, bus)) is not None)


def _compile(resource: Resource, bus: str) -> CompiledRule | None:
    """Return the rule or archive if it gets events of a bus, else None."""
    if not _is_active_on_bus(resource, bus):
        return None
    text = resource.body.get("EventPattern")
    if not text:
        return CompiledRule(resource, None, {})
    try:
        return CompiledRule(resource, read_pattern(text), required_texts(first_or_partial_value(text)))
    except InvalidEventPattern as error:
        log.error("%s gets no more events, because its event pattern is invalid: %s", resource.arn, error)
        return None


def _is_active_on_bus(resource: Resource, bus: str) -> bool:
    if resource.kind == "archive":
        return _bus_of(resource) == bus
    return bool(resource.body.get("EventPattern")) and resource.body.get("State") != "DISABLED"


def _bus_of(resource: Resource) -> str:
    return str(resource.body.get("Bus", "")) if resource.kind == "archive" else resource.scope
