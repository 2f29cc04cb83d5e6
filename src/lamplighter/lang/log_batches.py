"""Log events as PutLogEvents takes them: in order, in batches that are not too large, none longer than an event may be.

See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html for the limits.
"""

from collections.abc import Iterable, Iterator

LARGEST = 1_048_576
"""Bytes of a batch: "the sum of all event messages in UTF-8, plus 26 bytes for each log event"."""
OVERHEAD = 26
MOST = 10_000
WIDEST = 24 * 60 * 60 * 1000
"""Milliseconds from the first event of a batch to its last."""
LONGEST = 262_118
"""Bytes of a message, as the awslogs driver cuts them."""

Event = tuple[int, str]
"""Milliseconds since the epoch, and the message."""


def split_message(message: str, longest: int = LONGEST) -> Iterator[str]:
    """A message, cut where it is too long; nothing of an empty one, which is no event."""
    if len(message) * 4 <= longest:
        if message:
            yield message
        return
    text = message.encode()
    while len(text) > longest:
        end = longest
        while text[end] & 0xC0 == 0x80:  # not in the middle of a character
            end -= 1
        yield text[:end].decode()
        text = text[end:]
    if text:
        yield text.decode()


def batch_events(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Events, each of them short enough, in the order of their times and in batches of the allowed size."""
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
