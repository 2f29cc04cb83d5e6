"""Find the rule that a request names."""

from lamplighter.base.errors import require
from lamplighter.bus import Caller
from lamplighter.services.events.buses.buses import find_bus
from lamplighter.services.events.errors import RuleNotFound
from lamplighter.services.events.tables import resources as rows
from lamplighter.services.events.tables.resources import Resource
from lamplighter.store.db import Reader


def find_rule(reader: Reader, caller: Caller, name: str, given_bus: str | None) -> Resource:
    """Return a rule of a bus. Raises `RuleNotFound` or `BusNotFound`."""
    bus = find_bus(reader, caller, given_bus).name
    rule = rows.get(reader, "rule", caller.account, caller.region, name, bus)
    return require(rule, lambda: RuleNotFound(name, bus))
