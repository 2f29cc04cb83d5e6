"""Implement the operations on log streams."""

from collections.abc import Sequence

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.logs import lookup as arns
from lamplighter.services.logs import retention
from lamplighter.services.logs.errors import AlreadyExists, InvalidParameter, Protected
from lamplighter.services.logs.tables import log_chunks, log_groups
from lamplighter.services.logs.tables.log_groups import LogGroup, LogStream
from lamplighter.store.db import Reader, Tx


def create_stream(tx: Tx, caller: Caller, params: Json) -> None:
    """Create a log stream (`CreateLogStream`)."""
    group = arns.find_group(tx, caller, params["logGroupName"])
    name = arns.check_name(params["logStreamName"], "logStreamName")
    if log_groups.get_stream(tx, group.id, name) is not None:
        raise AlreadyExists(arns.STREAM)
    log_groups.put_stream(tx, group.id, name, tx.now)


def delete_stream(tx: Tx, caller: Caller, params: Json) -> None:
    """Delete a log stream (`DeleteLogStream`). It disappears immediately; its events are deleted in slices."""
    group = arns.find_group(tx, caller, params["logGroupName"])
    if group.protected:
        raise Protected(group.name)
    stream = arns.find_stream(tx, group, params["logStreamName"])
    log_groups.delete_stream(tx, stream.id)
    retention.schedule_deletion(tx, "stream", stream.id, group.id)


def describe_streams(reader: Reader, caller: Caller, params: Json) -> Json:
    """List the log streams of a group by name or by their latest events (`DescribeLogStreams`)."""
    group = arns.requested_group(reader, caller, params)
    if params.get("orderBy") == "LastEventTime":
        found, token = _by_time(reader, group, params)
    else:
        found, token = _by_name(reader, group, params)
    return {"logStreams": [_describe(reader, group, stream) for stream in found]} | token


def _by_name(reader: Reader, group: LogGroup, params: Json) -> tuple[Sequence[LogStream], Json]:
    prefix, descending = params.get("logStreamNamePrefix", ""), params.get("descending", False)
    return arns.PAGES.cut(
        params,
        "",
        lambda start, most: log_groups.streams_by_name(
            reader, group.id, prefix, start or None, most, descending=descending
        ),
        lambda stream: stream.name,
    )


def _by_time(reader: Reader, group: LogGroup, params: Json) -> tuple[Sequence[LogStream], Json]:
    if "logStreamNamePrefix" in params:
        raise InvalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
    descending = params.get("descending", False)
    return arns.PAGES.cut(
        params,
        [-1, -1],
        lambda start, most: log_groups.streams_by_time(
            reader, group.id, None if start[0] < 0 else (start[0], start[1]), most, descending=descending
        ),
        lambda stream: [stream.last, stream.id],
    )


def _describe(reader: Reader, group: LogGroup, stream: LogStream) -> Json:
    """Return a stream as the API shows it: "storedBytes is always reported as zero" for streams."""
    described: Json = {"logStreamName": stream.name, "creationTime": stream.created}
    if stream.ingested:
        described |= {
            "firstEventTimestamp": log_chunks.first_time(reader, stream.id) or stream.last,
            "lastEventTimestamp": stream.last,
            "lastIngestionTime": stream.ingested,
            "uploadSequenceToken": arns.sequence_token(stream.ingested),
        }
    return described | {"arn": arns.stream_arn(group, stream), "storedBytes": 0}
