"""Replay the events of an archive: send them to their bus again, named as replayed, in the order of their own times.

"Only events that occurred between the EventStartTime and EventEndTime are replayed", regardless of when they arrived.

Guarantees that each event of that period is replayed once, even if the engine is killed: the replay's progress is
written in the same transaction as its deliveries. A replay runs in slices, so that other work does not wait for it. As
on AWS, a replay that has events begins a moment after its start, so that it can be cancelled. A replay without events
is completed immediately.
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html.
"""

from typing import TYPE_CHECKING

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json, loads
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller
from lamplighter.services.events import paging
from lamplighter.services.events.arns import MAX_EVENT_TIME, owner_of
from lamplighter.services.events.buses.buses import find_bus
from lamplighter.services.events.buses.router import EventRouter, archive_key, retention_start
from lamplighter.services.events.errors import IllegalStatus, ResourceAlreadyExists, ResourceNotFound, invalid_parameter
from lamplighter.services.events.tables import archived_events as archived
from lamplighter.services.events.tables import resources as rows
from lamplighter.services.events.tables.archived_events import ArchivedEvent
from lamplighter.services.events.tables.resources import Resource
from lamplighter.store import outbox, timers
from lamplighter.store.db import OutboxRow, Reader, Tx

if TYPE_CHECKING:
    from aws_types import events as aws

SUBJECT_PREFIX = "replay:"
"""The beginning of a replay's subject in outbox rows and timers; the replay's ARN follows."""
BEGIN_TIMER = "begin"
START_DELAY_MILLISECONDS = 1_000
MAX_EVENTS_PER_TURN = 50
ACTIVE_STATES = ("STARTING", "RUNNING")
TIME_FIELDS = ("EventStartTime", "EventEndTime", "EventLastReplayedTime", "ReplayStartTime", "ReplayEndTime")


class Replays:
    """The operations on replays, and the work of a replay."""

    def __init__(self, bus: Bus, world: World, router: EventRouter) -> None:
        self._bus = bus
        self._world = world
        self._router = router

    def start(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle StartReplay."""
        name, source, destination = params["ReplayName"], params["EventSourceArn"], params["Destination"]
        if rows.get(tx, "replay", caller.account, caller.region, name) is not None:
            raise ResourceAlreadyExists(f"Replay {name} already exists.")
        archive = rows.get_by_arn(tx, source)
        if archive is None or archive.kind != "archive":
            raise invalid_parameter("EventSourceArn", f"Archive {source.rpartition('/')[2]} does not exist.")
        bus = find_bus(tx, owner_of(destination["Arn"], caller), destination["Arn"])
        if bus.name != archive.body["Bus"]:
            raise invalid_parameter("Destination.Arn", "Cross event bus replay is not permitted.")
        if params["EventEndTime"] <= params["EventStartTime"]:
            raise invalid_parameter("EventEndTime", "EventStartTime must be before EventEndTime.")
        now, key = tx.now, f"arn:aws:events:{caller.region}:{caller.account}:replay/{name}"
        body = {field: params[field] for field in ("Description", "EventSourceArn", "Destination") if field in params}
        body |= {field: params[field] for field in ("EventStartTime", "EventEndTime")}
        body |= {"State": "STARTING", "ReplayStartTime": now / 1000, "Archive": archive_key(archive)}
        body |= {"At": [_time(params["EventStartTime"]), 0], "KeptSince": retention_start(archive, now)}
        replay = Resource("replay", caller.account, caller.region, "", name, key, now, now, body, {})
        rows.put(tx, replay)
        if _next_events(tx, body, 1):
            due = self._world.monotonic() + START_DELAY_MILLISECONDS
            timers.put(tx, timers.Timer("events", f"{SUBJECT_PREFIX}{key}", BEGIN_TIMER, due), steady_clock=True)
        else:
            self._end(tx, replay, "COMPLETED")
        return {"ReplayArn": key, "State": "STARTING", "ReplayStartTime": now / 1000}

    def cancel(self, tx: Tx, caller: Caller, params: "aws.CancelReplayInput") -> "aws.CancelReplayOutput":
        """Handle CancelReplay; events that were replayed before are not undone."""
        replay = self._find(tx, caller, params["ReplayName"])
        if replay.body["State"] not in ACTIVE_STATES:
            raise IllegalStatus(f"Replay {replay.name} is not in a valid state for this operation.")
        self._end(tx, replay, "CANCELLED")
        return {"ReplayArn": replay.arn, "State": "CANCELLING"}

    def describe(self, reader: Reader, caller: Caller, params: "aws.DescribeReplayInput") -> Json:
        """Handle DescribeReplay."""
        replay = self._find(reader, caller, params["ReplayName"])
        shown = {name: replay.body[name] for name in ("Description", "Destination") if name in replay.body}
        return _item(replay) | {"ReplayArn": replay.arn} | shown

    def list(self, reader: Reader, caller: Caller, params: "aws.ListReplaysInput") -> Json:
        """Handle ListReplays."""
        paging.check_one_filter(params, "ListReplays")
        filters = {name: params[name] for name in ("State", "EventSourceArn") if name in params}

        def matches_filters(replay: Resource) -> bool:
            return all(replay.body[name] == value for name, value in filters.items())

        found, more = paging.resource_page(reader, caller, "replay", params, _item, keep=matches_filters)
        return {"Replays": found} | more

    def _find(self, reader: Reader, caller: Caller, name: str) -> Resource:
        replay = rows.get(reader, "replay", caller.account, caller.region, name)
        return require(replay, lambda: ResourceNotFound(f"Replay {name} does not exist."))

    # --- replaying events ---------------------------------------------------------------------------------------------

    def fire_timer(self, tx: Tx, timer: timers.Timer) -> None:
        """Begin a replay."""
        outbox.put(tx, "events", timer.subject, {})

    async def handle_outbox_row(self, row: OutboxRow) -> None:
        """Continue a replay until it ends."""
        while await self._bus.store.write_with_retry(lambda tx: self._replay_events(tx, row)):
            pass

    def _replay_events(self, tx: Tx, row: OutboxRow) -> bool:
        """Replay some events; return whether there may be more."""
        replay = rows.get_by_arn(tx, row.subject.removeprefix(SUBJECT_PREFIX))
        if replay is None or replay.body["State"] not in ACTIVE_STATES:
            outbox.delete(tx, row.id)
            return False
        body = replay.body
        caller = Caller(replay.account, replay.region)
        destination = body["Destination"]
        home, bus = owner_of(destination["Arn"], caller), destination["Arn"].rpartition("event-bus/")[2]
        found = _next_events(tx, body, MAX_EVENTS_PER_TURN)
        for event in found:
            named = loads(event.body) | {"replay-name": replay.name}
            self._router.route(tx, home, bus, named, only=destination.get("FilterArns", ()))
        if found:
            last = found[-1]
            body = body | {"At": [last.occurred, last.id], "EventLastReplayedTime": last.occurred / 1000}
            replay = rows.update_body(tx, replay, tx.now, body | {"State": "RUNNING"})
        if len(found) == MAX_EVENTS_PER_TURN:
            return True
        outbox.delete(tx, row.id)
        self._end(tx, replay, "COMPLETED")
        return False

    def _end(self, tx: Tx, replay: Resource, state: str) -> None:
        now = tx.now
        rows.update_body(tx, replay, now, replay.body | {"State": state, "ReplayEndTime": now / 1000})


def _next_events(reader: Reader, body: Json, most: int) -> list[ArchivedEvent]:
    """Return the next events of a replay."""
    # Keys begin at 1, so that an event of the first millisecond comes after (that millisecond, 0).
    at, since = (body["At"][0], body["At"][1]), body.get("KeptSince", 0)
    return archived.events_between(reader, body["Archive"], at, _time(body["EventEndTime"]), since, most)


def _time(seconds: float) -> int:
    """Return a time in milliseconds, limited to the times that events can have."""
    return min(max(int(seconds * 1000), 0), MAX_EVENT_TIME)


def _item(replay: Resource) -> Json:
    body = replay.body
    item = {"ReplayName": replay.name, "EventSourceArn": body["EventSourceArn"], "State": body["State"]}
    return item | {name: body[name] for name in TIME_FIELDS if name in body}
