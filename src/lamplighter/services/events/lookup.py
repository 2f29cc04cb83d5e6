"""Finding what a request names."""

from lamplighter.bus import Caller
from lamplighter.services.events.buses import find_bus
from lamplighter.services.events.errors import RuleNotFound
from lamplighter.store import eventresources as rows
from lamplighter.store.db import Reader
from lamplighter.store.eventresources import Resource


def find_rule(reader: Reader, caller: Caller, name: str, given_bus: str | None) -> Resource:
    """A rule of a bus; RuleNotFound, BusNotFound."""
    bus = find_bus(reader, caller, given_bus).name
    rule = rows.get(reader, "rule", caller.account, caller.region, name, bus)
    if rule is None:
        raise RuleNotFound(name, bus)
    return rule
