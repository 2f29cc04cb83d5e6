"""Send a response's head with the first part of its body, in one system call.

uvicorn writes the head and each part of the body separately, and every write wakes the peer. Guarantees that the order
of writes is kept, and that a head waits at most until the next iteration of the loop. So the peer of a streamed
response receives its head immediately.
"""

import asyncio

MAX_JOINED_BYTES = 64 * 1024
"""The most bytes that are copied to the end of the head; a larger part is written separately."""


class JoinedWrites:
    """A transport for the response to one request, with the methods that uvicorn calls."""

    __slots__ = ("_began", "_held", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._began = False
        self._held = b""

    def write(self, data: bytes) -> None:
        """Write data; hold the first part until the second one, or until the next iteration of the loop."""
        if not self._began:
            self._began, self._held = True, data
            self._loop.call_soon(self._flush)
        elif self._held and len(data) <= MAX_JOINED_BYTES:
            self._held += data
            self._flush()
        else:
            self._flush()
            self._transport.write(data)

    def is_closing(self) -> bool:
        """Return whether the connection is closed or closing."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close the connection after all data is written."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)
