"""Implement GetLogEvents and FilterLogEvents: read log events page by page.

A page has three limits: the caller's limit, 1 MB of messages, and (for FilterLogEvents) the number of examined events.
"Partially full or empty pages don't necessarily mean that pagination is finished." Events older than the group's
retention are not read.
See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html.
"""

import heapq
import re
from collections.abc import Iterator

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.lang.log_pattern.pattern import Match, compile_log_pattern
from lamplighter.lang.log_pattern.terms import LogPatternError
from lamplighter.services.logs import lookup as arns
from lamplighter.services.logs.errors import InvalidParameter
from lamplighter.services.logs.lookup import event_id, find_stream
from lamplighter.services.logs.put_log_events import DAY
from lamplighter.services.logs.tables import log_chunks, log_groups
from lamplighter.services.logs.tables.log_chunks import Key, Source, StoredEvent, stored_size
from lamplighter.services.logs.tables.log_groups import LogGroup
from lamplighter.store.db import Reader

MAX_EVENTS = 10_000
"""The most events of a page, if the caller sets no limit."""
MAX_EXAMINED_EVENTS, MAX_EXAMINED_CHARACTERS = 5_000, 4 * 1_048_576
"""The most events, and the most characters, that FilterLogEvents examines for a page: about 15 ms of work."""
MAX_PAGE_BYTES = 1_048_576
MAX_PARALLEL_STREAMS = 100
"""The most streams that are read in parallel; for more, the whole group is read and other streams are skipped."""
LATEST_TIME = 10**14 - 1
NEWEST_FIRST_SINCE = 1_704_067_200_000
"""The earliest startTime with which startFromHead may be false: Jan 1, 2024 00:00:00 UTC."""
TOKEN = re.compile("([fb])/([0-9]{56})/s")


EventRange = tuple[int, int]
"""The first and the last time of a range, in milliseconds since the epoch."""


def compile_filter(pattern: str) -> Match:
    """Compile a filter pattern; raise `InvalidParameter` if it is invalid."""
    try:
        return compile_log_pattern(pattern)
    except LogPatternError as error:
        raise InvalidParameter(str(error)) from None


class EventSearch:
    """The operations that read log events."""

    def __init__(self, world: World) -> None:
        self._world = world

    def get(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return a page of a stream's events in order of time, by default the latest ones (`GetLogEvents`)."""
        group = arns.requested_group(reader, caller, params)
        source: Source = ("stream", find_stream(reader, group, params["logStreamName"]).id)
        time_range = self._range(group, params, params.get("endTime", LATEST_TIME + 1) - 1)
        token = params.get("nextToken")
        forward, place = _parse_token(token) if token else (params.get("startFromHead", False), None)
        found = _page(_read_events(reader, source, time_range, place, forward=forward), params)
        if not forward:
            found.reverse()
        ends = (found[0].key, found[-1].key) if found else (place or (time_range[0], 0, 0),) * 2
        return {
            "events": [
                {"timestamp": each.key[0], "message": each.message, "ingestionTime": each.ingested} for each in found
            ],
            "nextForwardToken": f"f/{event_id(ends[1])}/s",
            "nextBackwardToken": f"b/{event_id(ends[0])}/s",
        }

    def filter(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return a page of a group's events that match a pattern (`FilterLogEvents`)."""
        group = arns.requested_group(reader, caller, params)
        match = compile_filter(params.get("filterPattern", ""))
        time_range = self._range(group, params, params.get("endTime", LATEST_TIME))
        token = arns.PAGES.start(params, "")
        forward, place = _parse_token(token) if token else (_starts_from_head(params), None)
        sources, prefix = _sources(reader, group, params)
        found = heapq.merge(
            *(_read_events(reader, source, time_range, place, forward=forward) for source in sources),
            key=lambda each: each.key,
            reverse=not forward,
        )
        events, last = _matching_page(reader, found, params, match, prefix)
        following = None if last is None else f"{'f' if forward else 'b'}/{event_id(last)}/s"
        return {"events": events, "searchedLogStreams": [], **arns.PAGES.more(following)}

    def _range(self, group: LogGroup, params: Json, until: int) -> EventRange:
        since = params.get("startTime", 0)
        if group.retention is not None:
            since = max(since, self._world.now() - group.retention * DAY)
        return min(since, LATEST_TIME), max(-1, min(until, LATEST_TIME - 1))


def _starts_from_head(params: Json) -> bool:
    forward: bool = params.get("startFromHead", True)
    if not forward and params.get("startTime", 0) < NEWEST_FIRST_SINCE:
        raise InvalidParameter("startFromHead can be false only if startTime is on or after Jan 1, 2024 00:00:00 UTC.")
    return forward


def _parse_token(token: str) -> tuple[bool, Key]:
    """Return whether a token leads forward, and the key from which it leads."""
    found = require(TOKEN.fullmatch(token), arns.invalid_token)
    return found[1] == "f", arns.parse_event_id(found[2])


def _read_events(
    reader: Reader, source: Source, within: EventRange, place: Key | None, *, forward: bool
) -> Iterator[StoredEvent]:
    """Yield the events of a source within a range: those after a key, or those before it, the latest first."""
    head, tail = (within[0], 0, 0), (within[1] + 1, 0, 0)
    if forward:
        return log_chunks.events_forward(reader, source, max(place or head, head), within[1])
    return log_chunks.events_backward(reader, source, min(place or tail, tail), within[0])


def _page(events: Iterator[StoredEvent], params: Json) -> list[StoredEvent]:
    """Return as many events as fit on one page."""
    page: list[StoredEvent] = []
    room, most = MAX_PAGE_BYTES, params.get("limit", MAX_EVENTS)
    for found in events:
        room -= stored_size(found.message)
        if page and room < 0:
            break
        page.append(found)
        if len(page) == most:
            break
    return page


def _sources(reader: Reader, group: LogGroup, params: Json) -> tuple[list[Source], str]:
    """Return the sources to read, and the prefix that the names of their streams must have."""
    names, prefix = params.get("logStreamNames"), params.get("logStreamNamePrefix")
    if names is not None and prefix is not None:
        raise InvalidParameter("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
    if names is not None:
        return [("stream", find_stream(reader, group, name).id) for name in dict.fromkeys(names)], ""
    if prefix is not None:
        streams = log_groups.streams_by_name(reader, group.id, prefix, None, MAX_PARALLEL_STREAMS + 1)
        if len(streams) <= MAX_PARALLEL_STREAMS:
            return [("stream", stream.id) for stream in streams], prefix
    return [("log_group", group.id)], prefix or ""


def _matching_page(
    reader: Reader, found: Iterator[StoredEvent], params: Json, match: Match, prefix: str
) -> tuple[list[Json], Key | None]:
    """Return the matching events of a page, and the last examined key, or None if no events are left."""
    events: list[Json] = []
    names: dict[int, str | None] = {}
    room, most, examined_events, examined_characters = MAX_PAGE_BYTES, params.get("limit", MAX_EVENTS), 0, 0
    last: Key | None = None
    for each in found:
        if (
            len(events) == most
            or examined_events == MAX_EXAMINED_EVENTS
            or examined_characters > MAX_EXAMINED_CHARACTERS
            or room < 0
        ):
            return events, last
        examined_events += 1
        examined_characters += len(each.message)
        last = each.key
        if each.stream not in names:
            names[each.stream] = log_groups.stream_name(reader, each.stream)
        name = names[each.stream]
        if name is None or not name.startswith(prefix) or match(each.message) is None:
            continue
        room -= stored_size(each.message)
        events.append(
            {
                "logStreamName": name,
                "timestamp": each.key[0],
                "message": each.message,
                "ingestionTime": each.ingested,
                "eventId": event_id(each.key),
            }
        )
    return events, None
