"""Streamed bodies end with their caller, with the engine and with an error, and are closed each time."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping

import pytest

from lamplighter.base.errors import Unavailable
from lamplighter.base.json_text import Json
from lamplighter.bus import CallerGone, wait_forever
from lamplighter.engine.streamed_bodies import send_stream
from lamplighter.wire.http import StreamedBody


class Body:
    """A body of two pieces, after which `then` runs, and what was sent of it."""

    def __init__(self, then: Callable[[], Awaitable[None]]) -> None:
        self.sent: list[tuple[bytes, bool]] = []
        self.is_closed = False
        self.waits = asyncio.Event()
        self.body = StreamedBody(self._pieces(then), b"interrupted")

    async def _pieces(self, then: Callable[[], Awaitable[None]]) -> AsyncGenerator[bytes]:
        try:
            yield b"one"
            yield b"two"
            self.waits.set()
            await then()
        finally:
            self.is_closed = True

    async def send(self, message: MutableMapping[str, Json]) -> None:
        self.sent.append((message["body"], message.get("more_body", False)))


PIECES = [(b"one", True), (b"two", True)]


def test_a_body_that_ends_is_sent_as_a_whole() -> None:
    async def run() -> None:
        body = Body(then=lambda: asyncio.sleep(0))
        await send_stream(body.body, body.send, wait_forever)
        assert body.sent == [*PIECES, (b"", False)]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("error", "end"), [(CallerGone(), []), (Unavailable("the engine stops"), [(b"interrupted", False)])]
)
def test_a_body_ends_when_its_caller_is_gone_or_the_engine_stops(error: Exception, end: list[Json]) -> None:
    async def run() -> None:
        body = Body(then=wait_forever)

        async def until_gone() -> None:
            await body.waits.wait()
            raise error

        await send_stream(body.body, body.send, until_gone)
        assert body.sent == [*PIECES, *end]
        assert body.is_closed

    asyncio.run(run())


def test_a_failure_is_logged_and_ends_the_body_with_its_interruption(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError("no more")

    async def run() -> None:
        body = Body(then=fail)
        await send_stream(body.body, body.send, wait_forever)
        assert body.sent == [*PIECES, (b"interrupted", False)]
        assert body.is_closed

    asyncio.run(run())
    assert "no more" in caplog.text


def test_no_piece_is_made_while_the_caller_does_not_read() -> None:
    async def run() -> None:
        body = Body(then=wait_forever)
        never = asyncio.Event()

        async def stuck(message: MutableMapping[str, Json]) -> None:
            await body.send(message)
            await never.wait()

        async def until_gone() -> None:
            for _ in range(20):
                await asyncio.sleep(0)
            raise CallerGone

        await send_stream(body.body, stuck, until_gone)
        assert body.sent == [(b"one", True)]
        assert not body.waits.is_set()
        assert body.is_closed

    asyncio.run(run())
