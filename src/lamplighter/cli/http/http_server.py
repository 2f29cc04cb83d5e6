"""Run the HTTP server of a command: uvicorn with limited connections, which ends without an error on a signal.

Guarantees that no signal is lost once the server is prepared: it stops at once if the signal arrives before it serves.
Its plain port is uvicorn's own; `tls_listener.py` accepts the connections of a TLS port.
"""

import asyncio
import signal
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from types import FrameType

import uvicorn

from lamplighter.base.json_text import Json
from lamplighter.cli.http.connection import Connection
from lamplighter.cli.http.connection_limit import ConnectionLimit
from lamplighter.cli.http.tls_listener import TlsListener

DATE_SECONDS = 1.0
"""Seconds between two updates of the date that answers have."""
Application = Callable[[Json, Json, Json], Awaitable[None]]
"""An ASGI application; an import of Starlette's type would load Starlette."""


@dataclass(frozen=True, slots=True)
class TlsPort:
    """An open port for encrypted connections."""

    listener: socket.socket
    context: Callable[[], ssl.SSLContext]
    """Returns the context for a new connection."""
    url: str
    """The URL that callers with a plain request should use."""


def prepare_server(
    application: Application,
    closing: asyncio.Event,
    listener: socket.socket,
    max_connections: int,
    tls: TlsPort | None = None,
    *,
    on_start: Callable[[], None] = lambda: None,
    on_stop: Callable[[], None] = lambda: None,
) -> Callable[[], Awaitable[None]]:
    """Catch SIGINT and SIGTERM in the running loop from now on; return the function that serves until one arrives.

    It serves on a port, and on a TLS port too if there is one, and sets `closing` on the signal. Both ports together
    have at most `max_connections` connections. It calls `on_start` when requests are accepted, and `on_stop` on the
    signal.
    """
    limit = ConnectionLimit(max_connections)
    config = uvicorn.Config(
        application,
        lifespan="off",
        log_config=None,
        access_log=False,
        http=partial(Connection, limit=limit),  # type: ignore[arg-type]  # it is called as a class is
        proxy_headers=False,  # a caller could invent another address
        ws="none",  # no WebSocket: other protocols than HTTP would bypass the access checks
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = _Server(config, closing, limit, tls, Callbacks(on_start, on_stop))
    server.catch_signals()
    return partial(server.serve, sockets=[listener])


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What the server calls when its state changes."""

    on_start: Callable[[], None]
    on_stop: Callable[[], None]


class _Server(uvicorn.Server):
    """A uvicorn server that may have a TLS port, and ends without an error after a signal."""

    def __init__(
        self,
        config: uvicorn.Config,
        closing: asyncio.Event,
        limit: ConnectionLimit,
        tls: TlsPort | None,
        callbacks: Callbacks,
    ) -> None:
        super().__init__(config)
        self._closing = closing
        self._callbacks = callbacks
        self._limit = limit
        self._tls = tls
        self._tls_listener: TlsListener | None = None
        self._exit_asked = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the ports."""
        await super().startup(sockets)
        if self._tls is not None:
            port = self._tls
            self._tls_listener = TlsListener(port.listener, port.context, port.url, self._limit, self._make_connection)
            self._tls_listener.start()
        self._callbacks.on_start()

    def _make_connection(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]  # as uvicorn calls it
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    async def main_loop(self) -> None:
        """Update the date in the headers of answers once a second, until a signal arrives.

        uvicorn's own loop looks ten times a second whether it has to end.
        """
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._exit_asked.wait(), DATE_SECONDS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End the main loop."""
        super().handle_exit(sig, frame)
        self._exit_asked.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving; set `closing` first, so that long polls end."""
        self._callbacks.on_stop()
        self._closing.set()
        if self._tls_listener is not None:
            self._tls_listener.close()
        await super().shutdown(sockets)

    def catch_signals(self) -> None:
        """Stop on SIGINT and SIGTERM, also if they arrive before the server serves."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: `catch_signals` has caught them already."""
        yield
