"""Send the bodies of streamed answers over ASGI until they end, their caller disconnects, or the engine stops.

Guarantees that no piece is made while the caller does not read, and that the stream's generator is closed at the end. A
caller that stays learns why a stream ends early: the last piece is the stream's `interruption`.
"""

import logging
from collections.abc import Awaitable, Callable

from lamplighter.base.errors import Unavailable
from lamplighter.bus import CallerGone, first_result
from lamplighter.engine.object_bodies import Send
from lamplighter.wire.http import StreamedBody

log = logging.getLogger("lamplighter.server")


async def send_stream(body: StreamedBody, send: Send, until_caller_gone: Callable[[], Awaitable[None]]) -> None:
    """Send a body after the head of its answer, and close it.

    `until_caller_gone` raises `CallerGone` when the caller has disconnected, and `Unavailable` when the engine stops.
    """
    try:
        await first_result(_send_pieces(body, send), until_caller_gone())
    except CallerGone:
        return
    except Unavailable:
        await send({"type": "http.response.body", "body": body.interruption})
    except Exception:
        log.exception("a streamed answer failed")
        await send({"type": "http.response.body", "body": body.interruption})
    finally:
        await body.pieces.aclose()


async def _send_pieces(body: StreamedBody, send: Send) -> None:
    async for piece in body.pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
