"""What events are matched with, compiled: the rules and archives of each bus.

Promises never to be older than the transaction that asks: a version, a row, changes with every rule, target and
archive. An engine that has none is asked one question for each event and makes none.
"""

from dataclasses import dataclass

from lamplighter.bus import Caller
from lamplighter.lang.pattern import Pattern
from lamplighter.services.events.patterns import read_pattern
from lamplighter.store import eventresources as rows
from lamplighter.store.db import Reader
from lamplighter.store.eventresources import Resource

BUSES = 256
"""How many buses are held in memory."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A rule or an archive, and which events it wants; None: all."""

    resource: Resource
    pattern: Pattern | None


@dataclass(frozen=True, slots=True)
class Wishes:
    """All that want events of a bus."""

    rules: tuple[Wish, ...]
    archives: tuple[Wish, ...]

    @property
    def none(self) -> bool:
        """Whether nobody wants anything."""
        return not self.rules and not self.archives


class Rulebook:
    """The rules and archives of one engine."""

    def __init__(self) -> None:
        self._version: str | None = None
        self._buses: dict[tuple[Caller, str], Wishes] = {}
        self._any = False

    def anything(self, reader: Reader) -> bool:
        """Whether there is any rule or archive at all."""
        self._turn(reader)
        return self._any

    def of(self, reader: Reader, caller: Caller, bus: str) -> Wishes:
        """Who wants events of a bus."""
        self._turn(reader)
        key = caller, bus
        if key not in self._buses:
            if len(self._buses) >= BUSES:
                self._buses.clear()
            self._buses[key] = _read(reader, caller, bus)
        return self._buses[key]

    def _turn(self, reader: Reader) -> None:
        version = rows.version(reader)
        if version != self._version:
            self._buses.clear()
            self._any = rows.exists(reader, "rule", "archive")
            self._version = version


def _read(reader: Reader, caller: Caller, bus: str) -> Wishes:
    rules = [
        Wish(rule, read_pattern(rule.body["EventPattern"]))
        for rule in rows.every(reader, "rule", caller.account, caller.region, bus)
        if rule.body.get("EventPattern") and rule.body["State"] != "DISABLED"
    ]
    archives = [
        Wish(archive, read_pattern(archive.body["EventPattern"]) if archive.body.get("EventPattern") else None)
        for archive in rows.every(reader, "archive", caller.account, caller.region)
        if archive.body["Bus"] == bus
    ]
    return Wishes(tuple(rules), tuple(archives))
