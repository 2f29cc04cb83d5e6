"""Cut and group log events for PutLogEvents: in order, in batches and messages of the allowed size.

See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html for the limits.
"""

from collections.abc import Iterable, Iterator

LARGEST = 1_048_576
"""The most bytes of a batch: "the sum of all event messages in UTF-8, plus 26 bytes for each log event"."""
OVERHEAD = 26
MOST = 10_000
WIDEST = 24 * 60 * 60 * 1000
"""The most milliseconds from the first event of a batch to its last."""
LONGEST = 262_118
"""The bytes of a message at which the awslogs driver cuts it."""

Event = tuple[int, str]
"""A log event: milliseconds since the epoch, and the message."""


def split_message(message: str, longest: int = LONGEST) -> Iterator[str]:
    """Yield a message in pieces of at most `longest` bytes. An empty message is not a log event and yields nothing."""
    if len(message) * 4 <= longest:
        if message:
            yield message
        return
    text = message.encode()
    while len(text) > longest:
        end = longest
        while text[end] & 0xC0 == 0x80:  # do not cut inside a character
            end -= 1
        yield text[:end].decode()
        text = text[end:]
    if text:
        yield text.decode()


def batch_events(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Yield the events, sorted by time, in batches of the allowed size. Each message must be short enough already."""
    batch: list[Event] = []
    size = 0
    for time, message in sorted(events, key=lambda event: event[0]):
        counted = len(message.encode()) + OVERHEAD
        if batch and (size + counted > LARGEST or len(batch) == MOST or time - batch[0][0] > WIDEST):
            yield batch
            batch, size = [], 0
        batch.append((time, message))
        size += counted
    if batch:
        yield batch
