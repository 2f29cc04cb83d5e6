"""Define the answer of an operation that goes on: events that the caller receives as they happen.

See https://smithy.io/2.0/spec/streaming.html#event-streams.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from lamplighter.base.json_text import Json


@dataclass(frozen=True, slots=True)
class StreamedEvent:
    """One event: a member of the union that the operation's model calls an event stream."""

    name: str
    """The name of the member, such as `sessionUpdate`."""
    payload: Json
    is_error: bool = False
    """Whether the event is an error, which is the last event of its stream."""


@dataclass(frozen=True, slots=True)
class EventStream:
    """The events of one answer. Its reader closes `events` when the caller disconnects."""

    events: AsyncGenerator[StreamedEvent]
    interruption: StreamedEvent
    """The error that ends the stream if the engine stops or fails before the stream has ended."""
