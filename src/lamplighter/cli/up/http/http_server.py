"""The HTTP server of a verb that serves: uvicorn with bounds on its connections, ended by a signal without an error."""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial

import uvicorn

from lamplighter.base.json_text import Json
from lamplighter.cli.up.http.connection import Connection, ConnectionLimit

Application = Callable[[Json, Json, Json], Awaitable[None]]
"""In ASGI's terms; Starlette's own name for it would load Starlette."""


async def serve(
    application: Application,
    closing: asyncio.Event,
    listener: socket.socket,
    most: int,
) -> None:
    """Answer on a port, `most` connections at once, until a signal says that it is enough; `closing` is set then."""
    config = uvicorn.Config(
        application,
        lifespan="off",
        log_config=None,
        access_log=False,
        http=partial(Connection, among=ConnectionLimit(most)),  # type: ignore[arg-type]  # it is called as a class is
        ws="none",  # nothing here speaks WebSocket, and what is no HTTP would pass by the checks of who asks
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    await _Server(config, closing).serve(sockets=[listener])


class _Server(uvicorn.Server):
    """Ends without an error when it is told to stop."""

    def __init__(self, config: uvicorn.Config, closing: asyncio.Event) -> None:
        super().__init__(config)
        self._closing = closing

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; a long poll is not waited for."""
        self._closing.set()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield
