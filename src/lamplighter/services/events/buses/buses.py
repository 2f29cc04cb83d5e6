"""Handle event buses.

The default bus always exists; it has a row only after a setting, tag or policy of it is stored.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.events import paging
from lamplighter.services.events.arns import DEFAULT_BUS, TAG_RULES, bus_arn, bus_name
from lamplighter.services.events.errors import BusNotFound, ResourceAlreadyExists
from lamplighter.services.events.tables import resources as rows
from lamplighter.services.events.tables.resources import Resource
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import events as aws

SETTINGS = ("Description", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")
"""Settings of a bus that are stored as given. "DeadLetterConfig" is for events that cannot be encrypted, so unused."""


def find_bus(reader: Reader, caller: Caller, given: str | None) -> Resource:
    """Return a bus by its name or ARN. Raises `BusNotFound`."""
    name = bus_name(given)
    found = rows.get(reader, "bus", caller.account, caller.region, name)
    if found is not None:
        return found
    if name != DEFAULT_BUS:
        raise BusNotFound(name)
    return Resource("bus", caller.account, caller.region, "", name, bus_arn(caller, name), 0, 0, {}, {})


def create_bus(tx: Tx, caller: Caller, params: "aws.CreateEventBusInput") -> Json:
    """Handle CreateEventBus."""
    name = params["Name"]
    if "/" in name:
        raise ValidationError("Event bus name must not contain '/'.")
    if name == DEFAULT_BUS or rows.get(tx, "bus", caller.account, caller.region, name) is not None:
        raise ResourceAlreadyExists(f"Event bus {name} already exists.")
    now, key, body = tx.now, bus_arn(caller, name), _settings(params)
    tags = TAG_RULES.read(params.get("Tags"))
    rows.put(tx, Resource("bus", caller.account, caller.region, "", name, key, now, now, body, tags))
    return {"EventBusArn": key} | body


def update_bus(tx: Tx, caller: Caller, params: "aws.UpdateEventBusInput") -> Json:
    """Handle UpdateEventBus."""
    bus = find_bus(tx, caller, params.get("Name"))
    changed = rows.update_body(tx, bus, tx.now, bus.body | _settings(params))
    return {"Arn": bus.arn, "Name": bus.name} | _settings(changed.body)


def delete_bus(tx: Tx, caller: Caller, params: "aws.DeleteEventBusInput") -> None:
    """Handle DeleteEventBus; a bus that does not exist is ignored."""
    name = bus_name(params["Name"])
    if name == DEFAULT_BUS:
        raise ValidationError("Cannot delete event bus default.")
    if rows.page(tx, "rule", caller.account, caller.region, "", 1, scope=name):
        raise ValidationError("EventBus can't be deleted since it has rules.")
    rows.delete(tx, bus_arn(caller, name))


def describe_bus(reader: Reader, caller: Caller, params: "aws.DescribeEventBusInput") -> Json:
    """Handle DescribeEventBus."""
    bus = find_bus(reader, caller, params.get("Name"))
    return _item(bus) | _settings(bus.body)


def list_buses(reader: Reader, caller: Caller, params: "aws.ListEventBusesInput") -> Json:
    """Handle ListEventBuses; the default bus is at its place in the order of names, even without a row."""
    prefix = params.get("NamePrefix", "")

    def read(after: str, most: int) -> list[Resource]:
        found = rows.page(reader, "bus", caller.account, caller.region, after, most, prefix=prefix)
        if after < DEFAULT_BUS and DEFAULT_BUS.startswith(prefix) and all(bus.name != DEFAULT_BUS for bus in found):
            found = sorted([*found, find_bus(reader, caller, DEFAULT_BUS)], key=lambda bus: bus.name)
        return found[:most]

    found, more = paging.cut_page(params, read, lambda bus: bus.name)
    return {"EventBuses": [_item(bus) for bus in found]} | more


def put_policy(tx: Tx, bus: Resource, policy: str | None) -> None:
    """Store the policy of a bus, or delete it if `policy` is None."""
    body = {name: value for name, value in bus.body.items() if name != "Policy"}
    rows.put(tx, replace(bus, modified=tx.now, body=body if policy is None else body | {"Policy": policy}))


def _settings(given: Json) -> Json:
    return {name: given[name] for name in SETTINGS if name in given}


def _item(bus: Resource) -> Json:
    item = {"Name": bus.name, "Arn": bus.arn}
    item |= {name: bus.body[name] for name in ("Description", "Policy") if name in bus.body}
    return item | {"CreationTime": bus.created / 1000, "LastModifiedTime": bus.modified / 1000}
