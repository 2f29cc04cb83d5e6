"""Run the HTTP server of a command: uvicorn with limited connections, which ends without an error on a signal."""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial

import uvicorn

from lamplighter.base.json_text import Json
from lamplighter.cli.http.connection import Connection
from lamplighter.cli.http.connection_limit import ConnectionLimit

Application = Callable[[Json, Json, Json], Awaitable[None]]
"""An ASGI application; an import of Starlette's type would load Starlette."""


async def serve(
    application: Application,
    closing: asyncio.Event,
    listener: socket.socket,
    max_connections: int,
    on_start: Callable[[], None] = lambda: None,
    on_stop: Callable[[], None] = lambda: None,
) -> None:
    """Serve on a port, with at most `max_connections` connections, until SIGINT or SIGTERM; set `closing` on the
    signal. Call `on_start` when requests are accepted, and `on_stop` on the signal.
    """
    config = uvicorn.Config(
        application,
        lifespan="off",
        log_config=None,
        access_log=False,
        http=partial(Connection, limit=ConnectionLimit(max_connections)),  # type: ignore[arg-type]  # it is called as a class is
        proxy_headers=False,  # nothing here depends on the caller's address
        ws="none",  # no WebSocket: other protocols than HTTP would bypass the access checks
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    await _Server(config, closing, on_start, on_stop).serve(sockets=[listener])


class _Server(uvicorn.Server):
    """A uvicorn server that ends without an error after a signal."""

    def __init__(
        self,
        config: uvicorn.Config,
        closing: asyncio.Event,
        on_start: Callable[[], None],
        on_stop: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._closing = closing
        self._on_start = on_start
        self._on_stop = on_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to serve."""
        await super().startup(sockets)
        self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving; set `closing` first, so that long polls end."""
        self._on_stop()
        self._closing.set()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield
