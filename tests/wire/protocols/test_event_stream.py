"""Messages of an event stream, read by botocore."""

import asyncio
from collections.abc import AsyncGenerator

from botocore.eventstream import EventStreamBuffer

from lamplighter.base.event_stream import EventStream, StreamedEvent
from lamplighter.base.json_text import Json, loads
from lamplighter.wire.protocols.event_stream import make_stream_response

TYPE = "application/x-amz-json-1.1"
ERROR = StreamedEvent("SessionStreamingException", {"message": "grün"}, is_error=True)


def read_messages(data: bytes) -> list[tuple[dict[str, str], Json]]:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return [(message.headers, loads(message.payload)) for message in buffer]


def test_botocore_reads_the_messages_of_a_stream() -> None:
    async def make() -> AsyncGenerator[StreamedEvent]:
        yield StreamedEvent("sessionUpdate", {"sessionResults": [{"message": "é" * 70_000}]})

    async def read() -> tuple[bytes, bytes, list[tuple[bytes, bytes]]]:
        response = make_stream_response(EventStream(make(), ERROR), TYPE, "the-request")
        assert response.stream is not None
        pieces = [piece async for piece in response.stream.pieces]
        return b"".join(pieces), response.stream.interruption, response.headers

    data, interruption, headers = asyncio.run(read())
    assert read_messages(data) == [
        ({":event-type": "initial-response", ":content-type": TYPE, ":message-type": "event"}, {}),
        (
            {":event-type": "sessionUpdate", ":content-type": TYPE, ":message-type": "event"},
            {"sessionResults": [{"message": "é" * 70_000}]},
        ),
    ]
    assert read_messages(interruption) == [
        (
            {":exception-type": "SessionStreamingException", ":content-type": TYPE, ":message-type": "exception"},
            {"message": "grün"},
        )
    ]
    names = dict(headers)
    assert names[b"content-type"] == b"application/vnd.amazon.eventstream"
    assert b"content-length" not in names


def test_closing_the_body_closes_the_events() -> None:
    closed: list[bool] = []

    async def make() -> AsyncGenerator[StreamedEvent]:
        try:
            while True:
                yield StreamedEvent("sessionUpdate", {})
        finally:
            closed.append(True)

    async def read() -> None:
        response = make_stream_response(EventStream(make(), ERROR), TYPE, "the-request")
        assert response.stream is not None
        await anext(response.stream.pieces)
        await anext(response.stream.pieces)
        await response.stream.pieces.aclose()

    asyncio.run(read())
    assert closed == [True]
