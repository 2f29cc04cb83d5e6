"""Handle the tags of buses and rules."""

from lamplighter.base.aws import arn
from lamplighter.bus import Caller
from lamplighter.operations.tags import TagOperations
from lamplighter.services.events.arns import TAG_RULES, owner_of, split_rule_arn
from lamplighter.services.events.buses.buses import find_bus
from lamplighter.services.events.errors import ResourceNotFound
from lamplighter.services.events.rules.lookup import find_rule
from lamplighter.services.events.tables import resources as rows
from lamplighter.services.events.tables.resources import Resource
from lamplighter.store.db import Reader


def _find(reader: Reader, caller: Caller, text: str) -> Resource:
    place = arn.parse(text)
    kind = place.resource.partition("/")[0] if place is not None else ""
    if kind == "event-bus":
        return find_bus(reader, owner_of(text, caller), text)
    if kind == "rule":
        bus, name = split_rule_arn(text)
        return find_rule(reader, owner_of(text, caller), name, bus)
    raise ResourceNotFound(f"Resource {text} does not exist.")


OPERATIONS = TagOperations.of_rows(TAG_RULES, _find, rows.put)
