"""Listening, and stopping in good order: what every verb that serves shares."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from lamplighter.base.errors import LamplighterError


class CannotListen(LamplighterError):
    """The address is taken, or not ours."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; CannotListen."""
    if not host:
        raise CannotListen("--host needs an address: 127.0.0.1 for this machine only, 0.0.0.0 for every network")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except socket.gaierror:
        raise CannotListen(f"cannot listen on {host}: no such host is known") from None
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        raise CannotListen(f"cannot listen on {host}, port {port}: {why}") from None


def url_of(listener: socket.socket) -> str:
    """Where it listens."""
    address, port = listener.getsockname()[:2]
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


class Stopping(uvicorn.Server):
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
        """See uvicorn."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield
