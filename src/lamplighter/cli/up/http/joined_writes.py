"""Writes of an answer: its head leaves with the first piece of its body, in one call of the operating system.

uvicorn writes the head and each piece of the body by itself, and every write wakes the peer. Promises that all leaves
in the order in which it was written, and that a head waits no longer than until the loop turns: of an answer that
begins to stream, the peer hears at once.
"""

import asyncio

LARGEST_JOINED = 64 * 1024
"""Bytes of a piece that is copied behind the head; a larger one leaves by itself."""


class JoinedWrites:
    """What uvicorn's cycle of one request needs of a transport."""

    __slots__ = ("_began", "_held", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._began = False
        self._held = b""

    def write(self, data: bytes) -> None:
        """Write, the first piece with the second one if that follows at once."""
        if not self._began:
            self._began, self._held = True, data
            self._loop.call_soon(self._flush)
        elif self._held and len(data) <= LARGEST_JOINED:
            self._held += data
            self._flush()
        else:
            self._flush()
            self._transport.write(data)

    def is_closing(self) -> bool:
        """Whether the connection is closed, or about to be."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close the connection when all has left."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)
