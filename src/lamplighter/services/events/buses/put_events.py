"""Handle PutEvents, with which customers send events.

See https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html and, for the size of an entry,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json, loads_or, nesting_depth
from lamplighter.base.precompute import LARGE_TEXT_LENGTH
from lamplighter.base.world import World
from lamplighter.bus import PREPARED, Caller, Prepared, Work
from lamplighter.services.events.arns import MAX_EVENT_TIME, bus_name, owner_of
from lamplighter.services.events.buses.buses import find_bus
from lamplighter.services.events.buses.router import EventRouter, PrematchedEvent, event_envelope, prematch_event
from lamplighter.services.events.errors import BusNotFound
from lamplighter.services.events.rules.bus_rules import BusRules
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import events as aws

MAX_REQUEST_BYTES = 1_048_576
"""The limit, in bytes, of all entries of a request: "The total entry size must be less than 1MB"."""
MAX_DETAIL_DEPTH = 780
"""The deepest nesting of a detail, so that the event around it can still be written."""

log = logging.getLogger("lamplighter.events")


class InvalidEntry(Exception):
    """The refusal of one invalid entry; it does not affect the other entries of the request."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = {"ErrorCode": code, "ErrorMessage": message}


@dataclass(frozen=True, slots=True)
class PreparedEvent:
    """An event that was made from an entry, and matched, before the turn."""

    event: Json
    prematched: PrematchedEvent


class EventPublisher:
    """The publisher of customers' events."""

    def __init__(self, world: World, router: EventRouter) -> None:
        self._world = world
        self._router = router

    def put(self, tx: Tx, caller: Caller, params: Json) -> "aws.PutEventsOutput":
        """Handle PutEvents."""
        if sum(map(entry_size, params["Entries"])) >= MAX_REQUEST_BYTES:
            raise ValidationError("Total size of the entries in the request is over the limit.")
        prepared: Sequence[PreparedEvent | None] = params.get(PREPARED) or [None] * len(params["Entries"])
        entries = [self._put_entry(tx, caller, *each) for each in zip(params["Entries"], prepared, strict=True)]
        return {"FailedEntryCount": sum("ErrorCode" in entry for entry in entries), "Entries": entries}

    def prepare(self, reader: Reader, caller: Caller, params: Json) -> Work | None:
        """Return the work of PutEvents that takes long for large events: parsing them and matching them with patterns.

        Returns None if the entries are small, or larger than PutEvents accepts.
        """
        entries = params["Entries"]
        if not LARGE_TEXT_LENGTH < sum(len(entry.get("Detail", "")) for entry in entries) < MAX_REQUEST_BYTES:
            return None
        rules = [self._rules(reader, caller, entry) for entry in entries]
        return lambda: Prepared([self._prepare_event(caller, *each) for each in zip(entries, rules, strict=True)])

    def _rules(self, reader: Reader, caller: Caller, entry: Json) -> BusRules:
        home = owner_of(entry.get("EventBusName") or "", caller)
        return self._router.rules_of_bus(reader, home, bus_name(entry.get("EventBusName")))

    def _prepare_event(self, caller: Caller, entry: Json, rules: BusRules) -> PreparedEvent | None:
        """Make and match the event of an entry; return None for an invalid entry, which `put` refuses later."""
        try:
            event = self._build_event(caller, entry)
        except InvalidEntry:
            return None
        return PreparedEvent(event, prematch_event(event, rules))

    def _build_event(self, caller: Caller, entry: Json) -> Json:
        detail = _check_entry(entry)
        time = int(entry["Time"] * 1000) if "Time" in entry else self._world.now()
        head = (self._world.uuid(), caller, entry["Source"], entry["DetailType"], time)
        return event_envelope(*head, entry.get("Resources", ()), detail)

    def _put_entry(self, tx: Tx, caller: Caller, entry: Json, prepared: PreparedEvent | None) -> Json:
        try:
            event = self._build_event(caller, entry) if prepared is None else prepared.event
        except InvalidEntry as refusal:
            return refusal.answer
        name, given = event["id"], entry.get("EventBusName")
        home = owner_of(given or "", caller)
        try:
            bus = find_bus(tx, home, given).name
        except BusNotFound:
            # AWS accepts the event and drops it.
            log.warning(
                "an event was sent to the event bus %s, which does not exist; the event is dropped", bus_name(given)
            )
            return {"EventId": name}
        if self._router.has_listeners(tx):
            self._router.route(tx, home, bus, event, prematched=prepared.prematched if prepared else None)
        return {"EventId": name}


def entry_size(entry: Json) -> int:
    """Return the size of an entry in bytes, as AWS counts it."""
    texts = [entry.get(name, "") for name in ("Source", "DetailType", "Detail")] + entry.get("Resources", [])
    return (14 if "Time" in entry else 0) + sum(len(text.encode()) for text in texts)


def _check_entry(entry: Json) -> Json:
    """Check an entry and return its detail. Raises `InvalidEntry`."""
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            message = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            raise InvalidEntry("InvalidArgument", message)
    if not 0 <= entry.get("Time", 0) * 1000 <= MAX_EVENT_TIME:
        raise InvalidEntry("InvalidArgument", "Parameter Time is not valid.")
    if entry["Source"].startswith("aws."):
        raise InvalidEntry("NotAuthorizedForSourceException", "Not authorized for the source.")
    detail = loads_or(entry["Detail"], None)
    if not isinstance(detail, dict) or nesting_depth(detail) > MAX_DETAIL_DEPTH:
        raise InvalidEntry("MalformedDetail", "Detail is malformed.")
    return detail
