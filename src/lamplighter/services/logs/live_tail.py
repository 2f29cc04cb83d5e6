"""Implement StartLiveTail: send the events of log groups to the caller within a second of their arrival.

A session is a cursor over the stored chunks, in the order of their arrival, so an idle session holds no thread and no
events. "Every second, a LiveTailSessionUpdate object is sent", with at most 500 events; of more, a random sample. What
a slow caller missed is not kept for it either: the next update has a sample of the latest events since. A session ends
after three hours. See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from lamplighter.base import arn, world
from lamplighter.base.event_stream import EventStream, StreamedEvent
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.lang.log_pattern.pattern import Match
from lamplighter.services.logs import arns
from lamplighter.services.logs.errors import InvalidParameter, NotForClass
from lamplighter.services.logs.insights.scan_events import EVENTS_BETWEEN_PAUSES
from lamplighter.services.logs.search_events import compile_filter
from lamplighter.services.logs.tables import log_chunks, log_groups
from lamplighter.services.logs.tables.log_chunks import StoredEvent
from lamplighter.store.db import Reader, Store

UPDATE_MILLISECONDS = 1_000
SESSION_MILLISECONDS = 3 * 60 * 60 * 1_000
MAX_UPDATE_EVENTS = 500
MAX_UPDATE_CHARACTERS = 2 * 1_048_576
"""The most characters of an update's messages, unless one is longer: clients refuse messages of 24 MiB."""
MAX_READ_BYTES = 8 * 1_048_576
"""The most bytes of events that are examined for an update, the latest ones: about 0.1 s of work."""
TIMED_OUT = StreamedEvent(
    "SessionTimeoutException", {"message": "The session has timed out after three hours."}, is_error=True
)
INTERRUPTED = StreamedEvent("SessionStreamingException", {"message": "The engine is stopping."}, is_error=True)
FILTERS = ("logStreamNames", "logStreamNamePrefixes", "logEventFilterPattern")


@dataclass(slots=True)
class Session:
    """One session of Live Tail."""

    groups: dict[int, str]
    """The identifiers of the log groups, as the request has them, by the groups' keys."""
    accepts_stream: Callable[[str], bool]
    match: Match
    after: int
    """The last chunk that an update has considered."""
    streams: dict[int, tuple[str, int] | None] = field(default_factory=dict)
    """The names and groups of the streams of one update; None for a stream that is deleted or not wanted."""


class LiveTail:
    """The operation that sends log events as they arrive."""

    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world

    def start(self, reader: Reader, caller: Caller, params: Json) -> EventStream:
        """Begin a session (`StartLiveTail`)."""
        _check_stream_filters(params)
        groups = {_find_group(reader, caller, each): each for each in params["logGroupIdentifiers"]}
        match = compile_filter(params.get("logEventFilterPattern", ""))
        session = Session(groups, _stream_filter(params), match, log_chunks.latest_id(reader))
        started = {
            "requestId": self._world.uuid(),
            "sessionId": self._world.uuid(),
            "logGroupIdentifiers": params["logGroupIdentifiers"],
            **{name: params[name] for name in FILTERS if name in params},
        }
        return EventStream(self._events(session, started), INTERRUPTED)

    async def _events(self, session: Session, started: Json) -> AsyncGenerator[StreamedEvent]:
        yield StreamedEvent("sessionStart", started)
        now = self._world.monotonic()
        end, due = now + SESSION_MILLISECONDS, now + UPDATE_MILLISECONDS
        while due <= end:
            await asyncio.sleep(max(0, due - self._world.monotonic()) / 1000)
            yield StreamedEvent("sessionUpdate", await self._next_update(session))
            due = max(due + UPDATE_MILLISECONDS, self._world.monotonic())
        yield TIMED_OUT

    async def _next_update(self, session: Session) -> Json:
        if log_chunks.latest_id(self._store.reader) <= session.after:
            return _show_update([], is_sampled=False)
        return await self._store.read_in_thread_with_retry(partial(read_update, session, self._world.random))


def _check_stream_filters(params: Json) -> None:
    names, prefixes = "logStreamNames" in params, "logStreamNamePrefixes" in params
    if names and prefixes:
        raise InvalidParameter("logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.")
    if (names or prefixes) and len(params["logGroupIdentifiers"]) > 1:
        raise InvalidParameter(
            "logStreamNames and logStreamNamePrefixes can be specified only if logGroupIdentifiers has one log group."
        )


def _find_group(reader: Reader, caller: Caller, identifier: str) -> int:
    """Return the key of a group: "specify each log group by its ARN", and "the ARN can't end with an asterisk"."""
    if arn.parse(identifier) is None:
        raise InvalidParameter(f"Invalid log group identifier: {identifier} is not the ARN of a log group.")
    group = arns.find_by_identifier(reader, caller, identifier)
    if group.log_class != "STANDARD":
        raise NotForClass(group.log_class)
    return group.id


def _stream_filter(params: Json) -> Callable[[str], bool]:
    if "logStreamNames" in params:
        return frozenset(params["logStreamNames"]).__contains__
    prefixes = tuple(params.get("logStreamNamePrefixes", ("",)))
    return lambda name: name.startswith(prefixes)


def read_update(session: Session, random: Callable[[], float], reader: Reader) -> Json:
    """Return the next update of a session, in the order of arrival, and move the session's cursor."""
    session.streams.clear()
    latest = log_chunks.latest_id(reader)
    arrived, is_sampled = log_chunks.read_arrived(reader, list(session.groups), session.after, latest, MAX_READ_BYTES)
    sample: list[tuple[int, StoredEvent]] = []
    matched = 0
    for number, event in enumerate(arrived):
        if number % EVENTS_BETWEEN_PAUSES == 0:
            world.sleep(0)
        if not _is_wanted(session, reader, event):
            continue
        matched += 1
        if len(sample) < MAX_UPDATE_EVENTS:
            sample.append((number, event))
        elif (place := int(random() * matched)) < MAX_UPDATE_EVENTS:  # each event is as likely as any other
            sample[place] = (number, event)
    session.after = latest
    events = _cut_oldest([event for _, event in sorted(sample, key=lambda each: each[0])])
    return _show_update([_show(session, event) for event in events], is_sampled=is_sampled or len(events) < matched)


def _is_wanted(session: Session, reader: Reader, event: StoredEvent) -> bool:
    if event.stream not in session.streams:
        place = log_groups.stream_place(reader, event.stream)
        session.streams[event.stream] = place if place is not None and session.accepts_stream(place[0]) else None
    return session.streams[event.stream] is not None and session.match(event.message) is not None


def _cut_oldest(events: Sequence[StoredEvent]) -> Sequence[StoredEvent]:
    """Return the last events that fit into an update."""
    room = MAX_UPDATE_CHARACTERS
    for number, event in enumerate(reversed(events)):
        room -= len(event.message)
        if number and room < 0:
            return events[len(events) - number :]
    return events


def _show(session: Session, event: StoredEvent) -> Json:
    place = session.streams[event.stream]
    assert place is not None
    return {
        "logStreamName": place[0],
        "logGroupIdentifier": session.groups[place[1]],
        "message": event.message,
        "timestamp": event.key[0],
        "ingestionTime": event.ingested,
    }


def _show_update(events: Sequence[Json], *, is_sampled: bool) -> Json:
    return {"sessionMetadata": {"sampled": is_sampled}, "sessionResults": list(events)}
