"""Implement the operations on log streams."""

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.logs import retention
from lamplighter.services.logs.arns import (
    STREAM,
    check_name,
    find_group,
    find_stream,
    invalid_token,
    page_token,
    parse_page_token,
    requested_group,
    stream_arn,
)
from lamplighter.services.logs.errors import AlreadyExists, InvalidParameter, Protected
from lamplighter.services.logs.sequence_tokens import sequence_token
from lamplighter.services.logs.tables import log_chunks, log_groups
from lamplighter.services.logs.tables.log_groups import LogGroup, LogStream
from lamplighter.store.db import Reader, Tx

DEFAULT_LIMIT = 50


class LogStreams:
    """The operations on log streams."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Create a log stream (`CreateLogStream`)."""
        group = find_group(tx, caller, params["logGroupName"])
        name = check_name(params["logStreamName"], "logStreamName")
        if log_groups.get_stream(tx, group.id, name) is not None:
            raise AlreadyExists(STREAM)
        log_groups.put_stream(tx, group.id, name, self._world.now())
        return {}

    def delete(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Delete a log stream (`DeleteLogStream`). It disappears immediately; its events are deleted in slices."""
        group = find_group(tx, caller, params["logGroupName"])
        if group.protected:
            raise Protected(group.name)
        stream = find_stream(tx, group, params["logStreamName"])
        log_groups.delete_stream(tx, stream.id)
        retention.schedule_deletion(tx, "stream", stream.id, self._world.now(), group.id)
        return {}

    def describe(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """List the log streams of a group by name or by their latest events (`DescribeLogStreams`)."""
        group = requested_group(reader, caller, params)
        size = params.get("limit", DEFAULT_LIMIT)
        if params.get("orderBy") == "LastEventTime":
            found, place = _by_time(reader, group, params, size)
        else:
            found, place = _by_name(reader, group, params, size)
        answer: Json = {"logStreams": [_describe(reader, group, stream) for stream in found]}
        return answer | ({} if place is None else {"nextToken": page_token(place)})


def _by_name(reader: Reader, group: LogGroup, params: Json, size: int) -> tuple[list[LogStream], Json]:
    start = parse_page_token(params.get("nextToken"), str)
    prefix, descending = params.get("logStreamNamePrefix", ""), params.get("descending", False)
    found = log_groups.streams_by_name(reader, group.id, prefix, start, size + 1, descending=descending)
    return found[:size], found[size - 1].name if len(found) > size else None


def _by_time(reader: Reader, group: LogGroup, params: Json, size: int) -> tuple[list[LogStream], Json]:
    if "logStreamNamePrefix" in params:
        raise InvalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
    start = parse_page_token(params.get("nextToken"), list)
    if start is not None and (
        [type(each) for each in start] != [int, int] or not 0 <= min(start) <= max(start) < 2**62
    ):
        raise invalid_token()
    descending = params.get("descending", False)
    place = None if start is None else (start[0], start[1])
    found = log_groups.streams_by_time(reader, group.id, place, size + 1, descending=descending)
    return found[:size], [found[size - 1].last, found[size - 1].id] if len(found) > size else None


def _describe(reader: Reader, group: LogGroup, stream: LogStream) -> Json:
    """Return a stream as the API shows it: "storedBytes is always reported as zero" for streams."""
    described: Json = {"logStreamName": stream.name, "creationTime": stream.created}
    if stream.ingested:
        described |= {
            "firstEventTimestamp": log_chunks.first_time(reader, stream.id) or stream.last,
            "lastEventTimestamp": stream.last,
            "lastIngestionTime": stream.ingested,
            "uploadSequenceToken": sequence_token(stream.ingested),
        }
    return described | {"arn": stream_arn(group, stream), "storedBytes": 0}
