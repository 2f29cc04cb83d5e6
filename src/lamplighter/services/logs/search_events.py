"""Implement GetLogEvents and FilterLogEvents: read log events page by page.

A page has three limits: the caller's limit, 1 MB of messages, and (for FilterLogEvents) the number of examined events.
"Partially full or empty pages don't necessarily mean that pagination is finished." Events older than the group's
retention are not read.
See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html.
"""

import heapq
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.lang.log_pattern.pattern import Match, compile_pattern
from lamplighter.lang.log_pattern.terms import InvalidPattern
from lamplighter.services.logs.arns import (
    event_id,
    find_stream,
    invalid_token,
    page_token,
    read_event_id,
    read_page_token,
    requested_group,
)
from lamplighter.services.logs.errors import InvalidParameter
from lamplighter.services.logs.put_log_events import DAY
from lamplighter.services.logs.tables import log_groups
from lamplighter.services.logs.tables.log_chunks import (
    Key,
    Source,
    StoredEvent,
    events_backward,
    events_forward,
    stored_size,
)
from lamplighter.services.logs.tables.log_groups import LogGroup
from lamplighter.store.db import Reader

MOST = 10_000
"""The most events of a page, if the caller sets no limit."""
LOOKED_AT, LOOKED_THROUGH = 5_000, 4 * 1_048_576
"""The most events, and the most characters, that FilterLogEvents examines for a page: about 15 ms of work."""
LARGEST = 1_048_576
MOST_STREAMS = 100
"""The most streams that are read in parallel; for more, the whole group is read and other streams are skipped."""
LATEST = 10**14 - 1
"""A time that is later than any event."""
NEWEST_FIRST_SINCE = 1_704_067_200_000
"""The earliest startTime with which startFromHead may be false: Jan 1, 2024 00:00:00 UTC."""
PLACE = re.compile("([fb])/([0-9]{56})/s")


@dataclass(frozen=True, slots=True)
class EventRange:
    """A range of times in milliseconds since the epoch, both ends included."""

    since: int
    until: int

    @property
    def head(self) -> Key:
        """The key that precedes all events of the range."""
        return (self.since, 0, 0)

    @property
    def tail(self) -> Key:
        """The key that follows all events of the range."""
        return (self.until + 1, 0, 0)


def compile_filter(pattern: str) -> Match:
    """Compile a filter pattern; raise `InvalidParameter` if it is invalid."""
    try:
        return compile_pattern(pattern)
    except InvalidPattern as error:
        raise InvalidParameter(str(error)) from None


class EventSearch:
    """The operations that read log events."""

    def __init__(self, world: World) -> None:
        self._world = world

    def get(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return a page of a stream's events in order of time, by default the latest ones (`GetLogEvents`)."""
        group = requested_group(reader, caller, params)
        source: Source = ("stream", find_stream(reader, group, params["logStreamName"]).id)
        asked = self._range(group, params, params.get("endTime", LATEST + 1) - 1)
        token = params.get("nextToken")
        onward, place = _read_place(token) if token else (params.get("startFromHead", False), None)
        if onward:
            found = _page(events_forward(reader, source, max(place or asked.head, asked.head), asked.until), params)
        else:
            found = _page(events_backward(reader, source, min(place or asked.tail, asked.tail), asked.since), params)[
                ::-1
            ]
        ends = (found[0].key, found[-1].key) if found else (place or asked.head,) * 2
        return {
            "events": [
                {"timestamp": each.key[0], "message": each.message, "ingestionTime": each.ingested} for each in found
            ],
            "nextForwardToken": f"f/{event_id(ends[1])}/s",
            "nextBackwardToken": f"b/{event_id(ends[0])}/s",
        }

    def filter(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return a page of a group's events that match a pattern (`FilterLogEvents`)."""
        group = requested_group(reader, caller, params)
        match = compile_filter(params.get("filterPattern", ""))
        asked = self._range(group, params, params.get("endTime", LATEST))
        token = read_page_token(params.get("nextToken"), str)
        onward, place = _read_place(token) if token is not None else (_from_head(params), None)
        if onward:
            walk = partial(events_forward, reader, after=max(place or asked.head, asked.head), until=asked.until)
        else:
            walk = partial(events_backward, reader, before=min(place or asked.tail, asked.tail), since=asked.since)
        sources, prefix = _sources(reader, group, params)
        ways = [walk(source=source) for source in sources]
        found = ways[0] if len(ways) == 1 else heapq.merge(*ways, key=lambda each: each.key, reverse=not onward)
        events, last = _matching(reader, found, params, match, prefix)
        answer: Json = {"events": events, "searchedLogStreams": []}
        if last is not None:
            answer["nextToken"] = page_token(f"{'f' if onward else 'b'}/{event_id(last)}/s")
        return answer

    def _range(self, group: LogGroup, params: Json, until: int) -> EventRange:
        since = params.get("startTime", 0)
        if group.retention is not None:
            since = max(since, self._world.now() - group.retention * DAY)
        return EventRange(min(since, LATEST), max(-1, min(until, LATEST - 1)))


def _from_head(params: Json) -> bool:
    onward: bool = params.get("startFromHead", True)
    if not onward and params.get("startTime", 0) < NEWEST_FIRST_SINCE:
        raise InvalidParameter("startFromHead can be false only if startTime is on or after Jan 1, 2024 00:00:00 UTC.")
    return onward


def _read_place(token: str) -> tuple[bool, Key]:
    """Return whether a token leads forward, and the key from which it leads."""
    found = PLACE.fullmatch(token)
    if found is None:
        raise invalid_token()
    return found[1] == "f", read_event_id(found[2])


def _page(events: Iterator[StoredEvent], params: Json) -> list[StoredEvent]:
    """Return as many events as fit on one page."""
    page: list[StoredEvent] = []
    room, most = LARGEST, params.get("limit", MOST)
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
        streams = log_groups.streams_by_name(reader, group.id, prefix, None, MOST_STREAMS + 1)
        if len(streams) <= MOST_STREAMS:
            return [("stream", stream.id) for stream in streams], prefix
    return [("grp", group.id)], prefix or ""


def _matching(
    reader: Reader, found: Iterator[StoredEvent], params: Json, match: Match, prefix: str
) -> tuple[list[Json], Key | None]:
    """Return the matching events of a page, and the last examined key, or None if no events are left."""
    events: list[Json] = []
    names: dict[int, str | None] = {}
    room, most, looked_at, looked_through = LARGEST, params.get("limit", MOST), 0, 0
    last: Key | None = None
    for each in found:
        if len(events) == most or looked_at == LOOKED_AT or looked_through > LOOKED_THROUGH or room < 0:
            return events, last
        looked_at, looked_through, last = looked_at + 1, looked_through + len(each.message), each.key
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
