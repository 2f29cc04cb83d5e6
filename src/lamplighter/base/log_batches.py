"""Cut and group log events for PutLogEvents: in order, in batches and messages of the allowed size.

See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html for the limits.
"""

from collections.abc import Iterable, Iterator

MAX_BATCH_BYTES = 1_048_576
"""The most bytes of a batch: "the sum of all event messages in UTF-8, plus 26 bytes for each log event"."""
EVENT_OVERHEAD_BYTES = 26
MAX_BATCH_EVENTS = 10_000
MAX_BATCH_MILLISECONDS = 24 * 60 * 60 * 1000
"""The most milliseconds from the first event of a batch to its last."""
MAX_MESSAGE_BYTES = 262_118
"""The bytes of a message at which the awslogs driver cuts it."""

LogEvent = tuple[int, str]
"""A log event: milliseconds since the epoch, and the message."""


def split_message(message: str, max_bytes: int = MAX_MESSAGE_BYTES) -> Iterator[str]:
    """Yield a message in pieces of at most `max_bytes` bytes. An empty message is not a log event and yields
    nothing.
    """
    if len(message) * 4 <= max_bytes:
        if message:
            yield message
        return
    text = memoryview(message.encode())
    begin = 0
    while begin < len(text):
        end = begin + cut_place(text[begin : begin + max_bytes + 1], max_bytes)
        yield str(text[begin:end], "utf-8")
        begin = end


def cut_place(text: bytes | bytearray | memoryview, max_bytes: int) -> int:
    """Return where to cut UTF-8 text into pieces of at most `max_bytes` bytes: before a character, if it is valid."""
    if len(text) <= max_bytes:
        return len(text)
    return next((end for end in range(max_bytes, max_bytes - 4, -1) if text[end] & 0xC0 != 0x80), max_bytes)


def batch_events(events: Iterable[LogEvent]) -> Iterator[list[LogEvent]]:
    """Yield the events, sorted by time, in batches of the allowed size. Each message must be short enough already."""
    batch: list[LogEvent] = []
    size = 0
    for time, message in sorted(events, key=lambda event: event[0]):
        event_size = len(message.encode()) + EVENT_OVERHEAD_BYTES
        if batch and (
            size + event_size > MAX_BATCH_BYTES
            or len(batch) == MAX_BATCH_EVENTS
            or time - batch[0][0] > MAX_BATCH_MILLISECONDS
        ):
            yield batch
            batch, size = [], 0
        batch.append((time, message))
        size += event_size
    if batch:
        yield batch
