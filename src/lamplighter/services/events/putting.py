"""PutEvents: events of customers.

See https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html and, for the size of an entry,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html.
"""

import logging

from lamplighter.base.errors import ValidationError
from lamplighter.base.jsontext import Json, JsonError, depth, loads
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.events.buses import find_bus
from lamplighter.services.events.errors import BusNotFound
from lamplighter.services.events.names import LATEST, bus_name, owner
from lamplighter.services.events.router import Router, envelope
from lamplighter.store.db import Tx

LARGEST = 1_048_576
"""Bytes of all entries of a request: "The total entry size must be less than 1MB"."""
DEEPEST = 780
"""How deeply a detail may be nested, so that the event around it can still be written."""

log = logging.getLogger("lamplighter.events")


class Refusal(Exception):
    """An entry is none; the others of the request are not concerned."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.entry = {"ErrorCode": code, "ErrorMessage": message}


class Putting:
    """Takes events of customers."""

    def __init__(self, world: World, router: Router) -> None:
        self._world = world
        self._router = router

    def put(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """PutEvents"""
        if sum(map(size, params["Entries"])) >= LARGEST:
            raise ValidationError("Total size of the entries in the request is over the limit.")
        entries = [self._put(tx, caller, entry) for entry in params["Entries"]]
        return {"FailedEntryCount": sum("ErrorCode" in entry for entry in entries), "Entries": entries}

    def _put(self, tx: Tx, caller: Caller, entry: Json) -> Json:
        try:
            detail = _check(entry)
        except Refusal as refusal:
            return refusal.entry
        name = self._world.uuid()
        given = entry.get("EventBusName")
        home = owner(given or "", caller)
        try:
            bus = find_bus(tx, home, given).name
        except BusNotFound:
            # AWS takes the event and drops it.
            log.warning("an event was put on the bus %s, which does not exist: it goes nowhere", bus_name(given))
            return {"EventId": name}
        if self._router.wanted(tx):
            time = int(entry["Time"] * 1000) if "Time" in entry else self._world.now()
            head = (name, caller, entry["Source"], entry["DetailType"], time)
            self._router.route(tx, home, bus, envelope(*head, entry.get("Resources", ()), detail))
        return {"EventId": name}


def size(entry: Json) -> int:
    """The size of an entry, as AWS counts it."""
    texts = [entry.get(name, "") for name in ("Source", "DetailType", "Detail")] + entry.get("Resources", [])
    return (14 if "Time" in entry else 0) + sum(len(text.encode()) for text in texts)


def _check(entry: Json) -> Json:
    """The detail of an entry that is in order."""
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            message = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            raise Refusal("InvalidArgument", message)
    if not 0 <= entry.get("Time", 0) * 1000 <= LATEST:
        raise Refusal("InvalidArgument", "Parameter Time is not valid.")
    if entry["Source"].startswith("aws."):
        raise Refusal("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        detail = loads(entry["Detail"])
    except JsonError:
        detail = None
    if not isinstance(detail, dict) or depth(detail) > DEEPEST:
        raise Refusal("MalformedDetail", "Detail is malformed.")
    return detail
