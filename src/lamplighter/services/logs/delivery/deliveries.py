"""Create, change, get, list and delete deliveries, which pair a delivery source with a delivery destination.

See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateDelivery.html.
"""

from dataclasses import replace

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.logs import tags
from lamplighter.services.logs.delivery.named_resources import (
    DELIVERIES,
    DESTINATIONS,
    SOURCES,
    all_resources,
    to_api,
)
from lamplighter.services.logs.errors import Conflict, InvalidDelivery, NotInAccount
from lamplighter.services.logs.tables import resources
from lamplighter.services.logs.tables.resources import LogResource
from lamplighter.store.db import Reader, Tx

SETTINGS = ("recordFields", "fieldDelimiter", "s3DeliveryConfiguration")
ID_LENGTH = 16


class Deliveries:
    """The operations on deliveries."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Create a delivery (`CreateDelivery`)."""
        source = SOURCES.find(tx, caller, params["deliverySourceName"])
        destination = _find_destination(tx, params["deliveryDestinationArn"])
        kind = destination.body["deliveryDestinationType"]
        others = [each.body for each in all_resources(tx, caller, DELIVERIES)]
        if any((each["deliverySourceName"], each["deliveryDestinationType"]) == (source.name, kind) for each in others):
            raise Conflict("The delivery source has a delivery to a delivery destination of this type already.")
        body = {
            "id": self._world.uuid().replace("-", "")[:ID_LENGTH],
            "deliverySourceName": source.name,
            "deliveryDestinationArn": destination.arn,
            "deliveryDestinationType": kind,
            **_settings(kind, params),
        }
        own_tags = tags.RULES.read(params.get("tags"))
        made = LogResource(caller.account, caller.region, DELIVERIES.kind, body["id"], body, own_tags)
        resources.put(tx, made)
        return {"delivery": to_api(made)}


def _find_destination(reader: Reader, text: str) -> LogResource:
    """Return the delivery destination of an ARN, which may belong to another account."""
    parsed = arn.parse(text)
    kind, _, name = parsed.resource.partition(":") if parsed is not None else ("", "", "")
    if parsed is None or kind != DESTINATIONS.kind:
        raise NotInAccount(DESTINATIONS.title)
    return DESTINATIONS.find(reader, Caller(parsed.account, parsed.region), name)


def _settings(kind: str, params: Json) -> Json:
    if "s3DeliveryConfiguration" in params and kind != "S3":
        raise InvalidDelivery("s3DeliveryConfiguration is valid only if the delivery destination is an S3 bucket.")
    return {name: params[name] for name in SETTINGS if name in params}


def update(tx: Tx, caller: Caller, params: Json) -> None:
    """Change the fields, the delimiter or the paths of a delivery (`UpdateDeliveryConfiguration`)."""
    found = DELIVERIES.find(tx, caller, params["id"])
    changed = _settings(found.body["deliveryDestinationType"], params)
    resources.put(tx, replace(found, body=found.body | changed))


def get(reader: Reader, caller: Caller, params: Json) -> Json:
    """Return a delivery (`GetDelivery`)."""
    return {"delivery": to_api(DELIVERIES.find(reader, caller, params["id"]))}


def describe(reader: Reader, caller: Caller, params: Json) -> Json:
    """List deliveries, optionally those of some delivery sources (`DescribeDeliveries`)."""
    wanted = params.get("deliverySourceNames")
    return DELIVERIES.describe(reader, caller, params, lambda body: not wanted or body["deliverySourceName"] in wanted)


def delete(tx: Tx, caller: Caller, params: Json) -> None:
    """Delete a delivery; its source and its destination stay (`DeleteDelivery`)."""
    resources.delete(tx, DELIVERIES.find(tx, caller, params["id"]))
