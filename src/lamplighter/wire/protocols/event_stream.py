"""Encode the events of a stream as binary messages (`application/vnd.amazon.eventstream`).

A message has a prelude (its length, the length of its headers, and their CRC-32), headers, a payload and the CRC-32 of
all that. In the JSON protocols, the first message is the answer without its stream, `initial-response`. See
https://smithy.io/2.0/aws/amazon-eventstream.html and https://smithy.io/2.0/spec/streaming.html#initial-response.
"""

import struct
import zlib
from collections.abc import AsyncGenerator, Mapping

from lamplighter.base.event_stream import EventStream, StreamedEvent
from lamplighter.base.json_text import dump_bytes
from lamplighter.base.service_model import OperationModel
from lamplighter.wire.http import Response, StreamedBody, make_response

CONTENT_TYPE = b"application/vnd.amazon.eventstream"
_STRING = 7
"""The type of a header whose value is a text."""


def has_event_stream(operation: OperationModel) -> bool:
    """Return whether the answer of an operation has a stream of events."""
    members = operation.output_shape.members if operation.output_shape is not None else {}
    return any(shape.serialization.get("eventstream") for shape in members.values())


def make_stream_response(stream: EventStream, payload_type: str, request_id: str) -> Response:
    """Return the response whose body is a stream of events, each as JSON of this content type."""
    plain = make_response(200, CONTENT_TYPE, b"", request_id)
    headers = [(name, value) for name, value in plain.headers if name != b"content-length"]
    body = StreamedBody(_encode_events(stream, payload_type), encode_event(stream.interruption, payload_type))
    return Response(200, headers, b"", stream=body)


async def _encode_events(stream: EventStream, payload_type: str) -> AsyncGenerator[bytes]:
    try:
        yield encode_event(StreamedEvent("initial-response", {}), payload_type)
        async for event in stream.events:
            yield encode_event(event, payload_type)
    finally:
        await stream.events.aclose()


def encode_event(event: StreamedEvent, payload_type: str) -> bytes:
    """Return the message of an event."""
    kind = "exception" if event.is_error else "event"
    headers = {f":{kind}-type": event.name, ":content-type": payload_type, ":message-type": kind}
    return encode_message(headers, dump_bytes(event.payload))


def encode_message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Return a message with these headers."""
    head = b"".join(_encode_header(name.encode(), value.encode()) for name, value in headers.items())
    lengths = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    message = lengths + struct.pack("!I", zlib.crc32(lengths)) + head + payload
    return message + struct.pack("!I", zlib.crc32(message))


def _encode_header(name: bytes, value: bytes) -> bytes:
    return struct.pack("!B", len(name)) + name + struct.pack("!BH", _STRING, len(value)) + value
