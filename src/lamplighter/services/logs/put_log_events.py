"""Implement PutLogEvents: check, store and count a batch of log events.

"The maximum batch size is 1,048,576 bytes. This size is calculated as the sum of all event messages in UTF-8, plus 26
bytes for each log event." "Each log event can be no larger than 1 MB." Events "more than 2 hours in the future", "older
than 14 days or preceding the log group's retention period are rejected while processing remaining valid events".
See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html.
"""

from itertools import pairwise

from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import PREPARED, Caller, Prepared, Work
from lamplighter.services.logs.errors import InvalidParameter
from lamplighter.services.logs.lookup import find_group, find_stream, sequence_token
from lamplighter.services.logs.metric_extraction import MetricExtractor, is_short
from lamplighter.services.logs.tables import log_chunks, log_groups
from lamplighter.store.db import Reader, Tx

MAX_BATCH_BYTES = 1_048_576
MAX_EVENTS = 10_000
HOUR = 60 * 60 * 1000
DAY = 24 * HOUR
MAX_FUTURE_MS, MAX_AGE_MS, MAX_SPAN_MS = 2 * HOUR, 14 * DAY, DAY


class LogEventWriter:
    """The operation that stores log events."""

    def __init__(self, world: World, metric_extractor: MetricExtractor) -> None:
        self._world = world
        self._metric_extractor = metric_extractor

    def put(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Store a batch of log events and count them for the group's metric filters (`PutLogEvents`)."""
        group = find_group(tx, caller, params["logGroupName"])
        stream = find_stream(tx, group, params["logStreamName"])
        events = [(event["timestamp"], event["message"]) for event in params["logEvents"]]
        _check_batch(events)
        now = tx.now
        kept, rejected = _split_rejected(events, now, group.retention)
        if kept:
            if kept[-1][0] - kept[0][0] > MAX_SPAN_MS:
                raise InvalidParameter(
                    "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
                )
            stored_bytes = log_chunks.append_events(tx, stream, kept, now)
            log_groups.resize_group(tx, group.id, stored_bytes)
            log_groups.record_events(tx, stream.id, kept[-1][0], len(kept), now)
            self._metric_extractor.put_metrics(tx, group, kept, params.get(PREPARED))
        answer: Json = {"nextSequenceToken": sequence_token(now)}
        return answer | ({"rejectedLogEventsInfo": rejected} if rejected else {})

    def prepare(self, reader: Reader, caller: Caller, params: Json) -> Work | None:
        """Return the metric extraction to do ahead in a thread, or None if it takes little time."""
        events = [(event["timestamp"], event["message"]) for event in params["logEvents"]]
        if len(events) > MAX_EVENTS or is_short(events):
            return None
        group = find_group(reader, caller, params["logGroupName"])
        kept, _ = _split_rejected(events, self._world.now(), group.retention)
        extract = self._metric_extractor.prepare(reader, group, kept) if kept else None
        return None if extract is None else lambda: Prepared(extract())


def _check_batch(events: list[tuple[int, str]]) -> None:
    """Raise `InvalidParameter` if the batch as a whole is invalid."""
    sizes = [log_chunks.stored_size(message) for _, message in events]
    if max(sizes) > MAX_BATCH_BYTES:
        raise InvalidParameter(f"Log event too large: {max(sizes)} bytes exceeds limit of {MAX_BATCH_BYTES}")
    if sum(sizes) > MAX_BATCH_BYTES:
        raise InvalidParameter(f"Upload too large: {sum(sizes)} bytes exceeds limit of {MAX_BATCH_BYTES}")
    if any(one[0] > other[0] for one, other in pairwise(events)):
        raise InvalidParameter("Log events in a single PutLogEvents request must be in chronological order.")


def _split_rejected(
    events: list[tuple[int, str]], now: int, retention: int | None
) -> tuple[list[tuple[int, str]], Json]:
    """Return the accepted events, and the indexes in the batch at which the rejected events begin or end.

    The end index of events that are too old or expired is exclusive. The start index of events that are too new is
    inclusive.
    """
    rejected: Json = {}
    expired = 0 if retention is None else sum(time < now - retention * DAY for time, _ in events)
    old = sum(time < now - MAX_AGE_MS for time, _ in events)
    new = sum(time > now + MAX_FUTURE_MS for time, _ in events)
    if old:
        rejected["tooOldLogEventEndIndex"] = old
    if expired > old:
        rejected["expiredLogEventEndIndex"] = expired
    if new:
        rejected["tooNewLogEventStartIndex"] = len(events) - new
    return events[max(old, expired) : len(events) - new], rejected
