"""Handle the tags of buses and rules."""

from dataclasses import replace

from lamplighter.base import arn
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.events.arns import owner_of, read_tags, split_rule_arn
from lamplighter.services.events.buses.buses import find_bus
from lamplighter.services.events.errors import ResourceNotFound
from lamplighter.services.events.rules.lookup import find_rule
from lamplighter.services.events.tables import resources as rows
from lamplighter.services.events.tables.resources import Resource
from lamplighter.store.db import Reader, Tx


def tag(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle TagResource."""
    found = _find(tx, caller, params["ResourceARN"])
    rows.put(tx, replace(found, tags=read_tags(params["Tags"], found.tags)))
    return {}


def untag(tx: Tx, caller: Caller, params: Json) -> Json:
    """Handle UntagResource; tags that do not exist are ignored."""
    found = _find(tx, caller, params["ResourceARN"])
    left = {key: value for key, value in found.tags.items() if key not in params["TagKeys"]}
    rows.put(tx, replace(found, tags=left))
    return {}


def tags_of(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListTagsForResource."""
    found = _find(reader, caller, params["ResourceARN"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in found.tags.items()]}


def _find(reader: Reader, caller: Caller, text: str) -> Resource:
    place = arn.parse(text)
    kind = place.resource.partition("/")[0] if place is not None else ""
    if kind == "event-bus":
        return find_bus(reader, owner_of(text, caller), text)
    if kind == "rule":
        bus, name = split_rule_arn(text)
        return find_rule(reader, owner_of(text, caller), name, bus)
    raise ResourceNotFound(f"Resource {text} does not exist.")
