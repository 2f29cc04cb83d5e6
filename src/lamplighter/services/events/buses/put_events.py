"""PutEvents: events of customers.

See https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html and, for the size of an entry,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json, JsonError, depth, loads
from lamplighter.base.precompute import LARGE
from lamplighter.base.world import World
from lamplighter.bus import PREPARED, Caller, Prepared, Work
from lamplighter.services.events.arns import LATEST, bus_name, owner
from lamplighter.services.events.buses.buses import find_bus
from lamplighter.services.events.buses.router import Judged, Router, envelope, judge
from lamplighter.services.events.errors import BusNotFound
from lamplighter.services.events.rules.compiled_rules import Wish
from lamplighter.store.db import Reader, Tx

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


@dataclass(frozen=True, slots=True)
class Made:
    """An event that an entry was made into before its turn."""

    event: Json
    judged: Judged


class Putting:
    """Takes events of customers."""

    def __init__(self, world: World, router: Router) -> None:
        self._world = world
        self._router = router

    def put(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """PutEvents"""
        if sum(map(size, params["Entries"])) >= LARGEST:
            raise ValidationError("Total size of the entries in the request is over the limit.")
        ready: Sequence[Made | None] = params.get(PREPARED) or [None] * len(params["Entries"])
        entries = [self._put(tx, caller, *each) for each in zip(params["Entries"], ready, strict=True)]
        return {"FailedEntryCount": sum("ErrorCode" in entry for entry in entries), "Entries": entries}

    def ahead(self, reader: Reader, caller: Caller, params: Json) -> Work | None:
        """What of PutEvents takes as long as the events are: reading them, and seeing who wants them."""
        entries = params["Entries"]
        if not LARGE < sum(len(entry.get("Detail", "")) for entry in entries) < LARGEST:
            return None
        wishes = [self._wishes(reader, caller, entry) for entry in entries]
        return lambda: Prepared([self._made(caller, *each) for each in zip(entries, wishes, strict=True)])

    def _wishes(self, reader: Reader, caller: Caller, entry: Json) -> tuple[Wish, ...]:
        home = owner(entry.get("EventBusName") or "", caller)
        return self._router.wishes(reader, home, bus_name(entry.get("EventBusName")), entry.get("Source", ""))

    def _made(self, caller: Caller, entry: Json, wishes: tuple[Wish, ...]) -> "Made | None":
        """Make the event of an entry and judge it; None for a bad entry, which PutEvents refuses in its turn."""
        try:
            event = self._event(caller, entry)
        except Refusal:
            return None
        return Made(event, judge(event, wishes))

    def _event(self, caller: Caller, entry: Json) -> Json:
        detail = _check(entry)
        time = int(entry["Time"] * 1000) if "Time" in entry else self._world.now()
        head = (self._world.uuid(), caller, entry["Source"], entry["DetailType"], time)
        return envelope(*head, entry.get("Resources", ()), detail)

    def _put(self, tx: Tx, caller: Caller, entry: Json, made: "Made | None") -> Json:
        try:
            event = self._event(caller, entry) if made is None else made.event
        except Refusal as refusal:
            return refusal.entry
        name, given = event["id"], entry.get("EventBusName")
        home = owner(given or "", caller)
        try:
            bus = find_bus(tx, home, given).name
        except BusNotFound:
            # AWS takes the event and drops it.
            log.warning("an event was put on the bus %s, which does not exist: it goes nowhere", bus_name(given))
            return {"EventId": name}
        if self._router.wanted(tx):
            self._router.route(tx, home, bus, event, judged=made.judged if made else None)
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
