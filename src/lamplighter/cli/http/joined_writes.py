"""Send what is written of a response in one iteration of the loop with one system call.

uvicorn writes the head and each part of the body separately, and every write may wake the peer. A commit answers many
requests in one iteration: all answers are made first and then sent, so that a peer with many connections wakes once.
Guarantees that the order of writes is kept, and that data waits at most until the next iteration of the loop.
"""

import asyncio

MAX_JOINED_BYTES = 64 * 1024
"""The most bytes that are held; more are written at once."""


class JoinedWrites:
    """A transport for the response to one request, with the methods that uvicorn calls."""

    __slots__ = ("_held", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""

    def write(self, data: bytes) -> None:
        """Write data; hold it until the next iteration of the loop unless it is large."""
        if len(self._held) + len(data) > MAX_JOINED_BYTES:
            self.flush()
            self._transport.write(data)
            return
        if not self._held:
            self._loop.call_soon(self.flush)
        self._held += data

    def is_closing(self) -> bool:
        """Return whether the connection is closed or closing."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close the connection after all data is written."""
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        """Write what is held."""
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)
