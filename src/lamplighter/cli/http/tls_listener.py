"""Accept the connections of a TLS port: encrypted ones become connections of the server, others get a short answer.

asyncio counts a connection only after its handshake. Here it counts from the first byte: a peer that sends nothing, or
only half of a handshake, has a deadline and a place in the connection limit (`connection_limit.py`), like a peer of the
plain port. The first byte of a TLS connection is 22 (a handshake record); any other byte begins a plain request, which
gets an answer that says so. It is no redirect: a redirect would hide that secrets were sent unencrypted.
See https://www.rfc-editor.org/rfc/rfc8446#section-5.1.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from lamplighter.cli.http.connection_limit import ConnectionLimit

HANDSHAKE_SECONDS = 20.0
"""Seconds that a peer has for its first byte, and then for the handshake."""
SHUTDOWN_SECONDS = 5.0
"""Seconds that a peer has to confirm the end of an encrypted connection."""
MAX_ACCEPTED = 100
"""The most connections that are accepted at a time, so that others are served in between."""
PAUSE_SECONDS = 1.0
"""Seconds for which no connection is accepted after an error, such as too many open files."""
MAX_PLAIN_BYTES = 65_536
HANDSHAKE_RECORD = b"\x16"

log = logging.getLogger("lamplighter.tls")


class TlsListener:
    """An open port that accepts TLS connections."""

    def __init__(
        self,
        listener: socket.socket,
        context: Callable[[], ssl.SSLContext],
        url: str,
        limit: ConnectionLimit,
        make_connection: Callable[[], asyncio.Protocol],
    ) -> None:
        """Describe the port. `context` returns the context for the next connection; `url` is what plain callers should
        use; `make_connection` makes the protocol of a connection whose handshake is done.
        """
        self.context = context
        self.limit = limit
        self.make_connection = make_connection
        self.loop = asyncio.get_running_loop()
        self.handshakes: set[_Handshake] = set()
        text = f"This port speaks HTTPS only: use {url}\n".encode()
        head = "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
        self.refusal = f"{head}content-length: {len(text)}\r\n\r\n".encode() + text
        """The answer to a plain request."""
        self._listener = listener
        self._pause: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to accept connections."""
        self._listener.setblocking(False)  # noqa: FBT003 - the standard library's way
        self._resume()

    def close(self) -> None:
        """Close the port, and the connections whose handshake is not done."""
        if self._pause is not None:
            self._pause.cancel()
        self.loop.remove_reader(self._listener)
        self._listener.close()
        for each in list(self.handshakes):
            each.abort()

    def _resume(self) -> None:
        self._pause = None
        self.loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        for _ in range(MAX_ACCEPTED):
            try:
                accepted = self._listener.accept()[0]
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                log.error("no connection can be accepted: %s", error.strerror)
                self.loop.remove_reader(self._listener)
                self._pause = self.loop.call_later(PAUSE_SECONDS, self._resume)
                return
            accepted.setblocking(False)  # noqa: FBT003 - the standard library's way
            _Handshake(self, accepted).start()


class _Handshake:
    """A connection from its acceptance to the end of its handshake."""

    def __init__(self, listener: TlsListener, accepted: socket.socket) -> None:
        self._listener = listener
        self._socket = accepted
        self._deadline: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Wait for the first byte, if there is room for the connection."""
        limit, loop = self._listener.limit, self._listener.loop
        if not limit.admit(self):
            self._socket.close()
            return
        limit.mark_waiting(self)
        self._listener.handshakes.add(self)
        self._deadline = loop.call_later(HANDSHAKE_SECONDS, self.abort)
        loop.add_reader(self._socket, self._read_first_byte)

    def abort(self) -> None:
        """Close the connection, and remove it from the limit."""
        if self._task is not None:
            self._task.cancel()
            self.leave()
        else:
            self._close()

    def leave(self) -> None:
        """Give up the place in the limit."""
        self._listener.limit.remove(self)
        self._listener.handshakes.discard(self)

    def _close(self) -> None:
        self._stop_waiting()
        self._socket.close()
        self.leave()

    def _stop_waiting(self) -> None:
        self._listener.loop.remove_reader(self._socket)
        if self._deadline is not None:
            self._deadline.cancel()

    def _read_first_byte(self) -> None:
        try:
            first = self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            first = b""
        if first != HANDSHAKE_RECORD:
            if first:
                self._refuse_plain_request()
            self._close()
            return
        self._stop_waiting()
        self._task = self._listener.loop.create_task(self._shake_hands())

    def _refuse_plain_request(self) -> None:
        with suppress(OSError):
            self._socket.recv(MAX_PLAIN_BYTES)  # what is not read would reset the connection, and lose the answer
            self._socket.send(self._listener.refusal)
            self._socket.shutdown(socket.SHUT_WR)

    async def _shake_hands(self) -> None:
        try:
            await self._listener.loop.connect_accepted_socket(
                lambda: _AfterHandshake(self, self._listener.make_connection),
                self._socket,
                ssl=self._listener.context(),
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=SHUTDOWN_SECONDS,
            )
        except OSError as error:  # TLS errors and timeouts too: what strangers send to a port is not worth a line
            log.debug("a TLS handshake failed: %s", error)
        finally:
            self.leave()


class _AfterHandshake(asyncio.Protocol):
    """Passes an encrypted connection on to the server's protocol, in the place of the handshake."""

    def __init__(self, handshake: _Handshake, make_connection: Callable[[], asyncio.Protocol]) -> None:
        self._handshake = handshake
        self._make_connection = make_connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the server's protocol continue."""
        self._handshake.leave()
        connection = self._make_connection()
        transport.set_protocol(connection)
        connection.connection_made(transport)
