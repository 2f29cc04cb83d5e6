"""Return one event that a query found, with all its fields, and the fields of a log group's events.

See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogRecord.html and
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogGroupFields.html.
"""

import re
from collections import Counter
from itertools import islice

from lamplighter.base.errors import AwsError, require
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.lang.log_query.rows import LogEvent, discover_fields
from lamplighter.services.logs import arns
from lamplighter.services.logs.errors import InvalidParameter
from lamplighter.services.logs.tables import log_chunks, log_groups
from lamplighter.store.db import Reader

POINTER = re.compile(r"([0-9]{1,15})\.([0-9]{1,15})\.([0-9]{1,15})\.([0-9]{1,15})")
MAX_SAMPLE_EVENTS = 1_000
"""The most events whose fields GetLogGroupFields counts, the latest of the range."""
MAX_SAMPLE_CHARACTERS = 1_048_576
HALF_RANGE_MS, DEFAULT_RANGE_MS = 8 * 60_000, 15 * 60_000
GENERATED = ("@timestamp", "@message", "@logStream", "@log", "@ingestionTime")


class LogRecords:
    """The operations on the fields of events."""

    def __init__(self, world: World) -> None:
        self._world = world

    def get_fields(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return the fields of a group's events with the share of events that have each (`GetLogGroupFields`)."""
        group = arns.requested_group(reader, caller, params)
        now = self._world.now()
        since, until = now - DEFAULT_RANGE_MS, now
        if "time" in params:
            center = min(params["time"] * 1000, 10**14 - HALF_RANGE_MS - 1)
            since, until = center - HALF_RANGE_MS, center + HALF_RANGE_MS
        found = log_chunks.events_backward(reader, ("log_group", group.id), (until + 1, 0, 0), since)
        counts, number, room = Counter[str](), 0, MAX_SAMPLE_CHARACTERS
        for each in islice(found, MAX_SAMPLE_EVENTS):
            number += 1
            room -= len(each.message)
            event = LogEvent(each.key[0], each.ingested, each.message, "", "", "")
            counts.update((*GENERATED, *discover_fields(event)))
            if room < 0:
                break
        shown = [{"name": name, "percent": count * 100 // number} for name, count in counts.most_common()]
        return {"logGroupFields": shown}


def get_record(reader: Reader, caller: Caller, params: Json) -> Json:
    """Return all fields of an event by the value of its field `@ptr` (`GetLogRecord`)."""
    pointer = params["logRecordPointer"]
    parts = require(POINTER.fullmatch(pointer), _invalid_pointer)
    key, time, chunk, place = map(int, parts.groups())
    group = log_groups.group_by_id(reader, key)
    if group is None or (group.account, group.region) != (caller.account, caller.region):
        raise _invalid_pointer()
    found = log_chunks.find_event(reader, key, (time, chunk, place))
    stream = None if found is None else log_groups.stream_place(reader, found.stream)
    if found is None or stream is None:
        raise _invalid_pointer()
    event = LogEvent(time, found.ingested, found.message, stream[0], f"{group.account}:{group.name}", pointer)
    record = {
        "@timestamp": str(event.time),
        "@ingestionTime": str(event.ingested),
        "@message": event.message,
        "@logStream": event.stream,
        "@log": event.log,
        "@ptr": pointer,
    }
    return {"logRecord": {**discover_fields(event), **record}}


def _invalid_pointer() -> AwsError:
    return InvalidParameter("The specified logRecordPointer is invalid.")
