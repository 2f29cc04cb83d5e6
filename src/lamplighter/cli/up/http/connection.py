"""Connections of the HTTP server: bounded in number, in the size of a head, and in the time that a peer may take.

Promises that a peer which sends nothing, or only half of a request, is cut off, that no number of such peers keeps
others out, and that a request which has arrived whole is answered however long that takes (long polls, streams). A
connection waits for its peer when it is idle, when a head or a body is under way, and when the peer does not read what
it is sent. Such a connection has a deadline; and when there are too many connections, the one that has waited longest
is closed in favour of the new one. Only if every connection is being answered is the new one refused, with 503.

The times are those of Apache's mod_reqtimeout: https://httpd.apache.org/docs/2.4/mod/mod_reqtimeout.html. A connection
that has had an answer is kept longer than clients keep theirs (90 s is Go's default, the longest that we know:
https://pkg.go.dev/net/http#DefaultTransport). So the client closes first. A server that closes first may do so while
the next request is on its way, which then fails: https://www.rfc-editor.org/rfc/rfc9112#section-9.5.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from lamplighter.cli.up.http.joined_writes import JoinedWrites

LARGEST_HEAD = 64 * 1024
"""Bytes of what is not body: request line, headers, trailers."""
DEADLINES = {"idle": 20.0, "keep-alive": 120.0, "head": 20.0, "body": 20.0, "send": 60.0, "close": 60.0}
"""Seconds that a peer may take: to begin its first request, to begin another one, to send its head, to send its body
(and one second more for each SLOWEST bytes that have come), and to read something of what it is sent, where more is to
come and where none is."""
SLOWEST_BYTES_PER_SECOND = 500
"""Bytes of a body in a second."""
LAST_LOOK = 0.05
"""Seconds between a deadline and the end, in which we read what came while the engine stood still."""
BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\nretry-after: 1\r\n"
    b"content-length: 49\r\nconnection: close\r\n\r\nThe server has no free connection. Send it again."
)


@dataclass(slots=True)
class ConnectionLimit:
    """The connections of one server."""

    most: int
    """How many there may be at once."""
    _open: "set[Connection]" = field(default_factory=set)
    _waiting: "OrderedDict[Connection, None]" = field(default_factory=OrderedDict)
    """Those that wait for their peer, the longest first."""

    def admit(self, connection: "Connection") -> bool:
        """Let a new connection in, at the cost of the one that has waited longest if there are too many."""
        if len(self._open) >= self.most:
            if not self._waiting:
                return False
            longest = next(iter(self._waiting))
            longest.cut_off()
        self._open.add(connection)
        return True

    def mark_waiting(self, connection: "Connection") -> None:
        """Note that a connection begins to wait for its peer, or was heard of again."""
        self._waiting.pop(connection, None)
        if connection in self._open:
            self._waiting[connection] = None

    def mark_busy(self, connection: "Connection") -> None:
        """Note that a connection does not wait for its peer any more."""
        self._waiting.pop(connection, None)

    def remove(self, connection: "Connection") -> None:
        """Note that a connection is closed."""
        self._open.discard(connection)
        self._waiting.pop(connection, None)


class Connection(HttpToolsProtocol):
    """One connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        among: ConnectionLimit,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._among = among
        self._head = 0
        """Bytes that have come since the last piece of a body or the last end of a head."""
        self._body = 0
        """Bytes of the body that have come."""
        self._moved = False
        self._phase = ""
        """For what the connection waits, a key of PATIENCE; empty while a request is being answered."""
        self._since = 0.0
        """When the phase began, by the loop's clock."""
        self._unsent = 0
        """Bytes that the peer had not taken when we looked last."""
        self._timer: asyncio.TimerHandle | None = None
        """Rings at the deadline or before it. It serves one wait after another: to make one for each request costs as
        much as to route the request."""

    # --- asyncio's protocol -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a request, unless there is no room."""
        super().connection_made(transport)
        if not self._among.admit(self):
            transport.write(BUSY)
            transport.close()
        self._follow()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place free."""
        self._stop_timer()
        self._among.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what has come, unless too much has come without an end of the head or a piece of the body."""
        if self.transport.is_closing():
            return
        if self._head > LARGEST_HEAD:
            self.send_400_response(f"The head of a request may have at most {LARGEST_HEAD} bytes.")
            self._follow()
            return
        self._moved = False
        super().data_received(data)
        self._head = 0 if self._moved else self._head + len(data)
        self._follow()

    def on_headers_complete(self) -> None:
        """See uvicorn."""
        self._moved = True
        self._body = 0
        super().on_headers_complete()
        if self.cycle is not None:
            self.cycle.transport = JoinedWrites(self.transport, self.loop)  # type: ignore[assignment]

    def on_body(self, body: bytes) -> None:
        """See uvicorn."""
        self._moved = True
        self._body += len(body)
        super().on_body(body)

    def on_response_complete(self) -> None:
        """See uvicorn."""
        super().on_response_complete()
        self._follow()

    def timeout_keep_alive_handler(self) -> None:
        """Do nothing: the deadline is ours, not the five seconds of uvicorn."""

    def pause_writing(self) -> None:
        """Begin to wait for the peer to read."""
        super().pause_writing()
        self._wait("send")

    def resume_writing(self) -> None:
        """See uvicorn."""
        super().resume_writing()
        if self._phase == "send":
            self._phase = ""
            self._follow()

    # --- waiting for the peer -----------------------------------------------------------------------------------------

    def cut_off(self) -> None:
        """Close the connection now, whatever is under way."""
        self._stop_timer()
        self._among.remove(self)
        self.transport.abort()

    def _follow(self) -> None:
        """Wait for what the peer has to do next; for nothing while its request is being answered."""
        if self._phase == "send":
            return
        has_request = self.cycle is not None  # it is None until the first one
        if self.transport.is_closing():
            self._wait("close")
        elif not has_request or self.cycle.response_complete:
            self._wait("head" if self._head else "keep-alive" if has_request else "idle")
        elif self.cycle.more_body:
            self._wait("body")
        else:
            self._work()

    def _work(self) -> None:
        self._phase = ""
        self._among.mark_busy(self)

    def _wait(self, phase: str) -> None:
        """Wait for the peer; as long as it is for the same thing, the deadline stays."""
        if phase != self._phase:
            self._phase = phase
            self._since = self.loop.time()
            self._unsent = self.transport.get_write_buffer_size()
            if self._timer is None or self._timer.when() > self._since + DEADLINES[phase]:
                self._set_timer(self._left())
        self._among.mark_waiting(self)

    def _left(self) -> float:
        """Seconds until the deadline."""
        more = self._body / SLOWEST_BYTES_PER_SECOND if self._phase == "body" else 0.0
        return self._since + DEADLINES[self._phase] + more - self.loop.time()

    def _set_timer(self, seconds: float, *, is_last: bool = False) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, partial(self._check_deadline, is_last=is_last))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check_deadline(self, *, is_last: bool) -> None:
        """Look whether the deadline has come: it may be another one than that for which the timer was set."""
        self._timer = None
        if not self._phase:
            return
        unsent = self.transport.get_write_buffer_size()
        if unsent < self._unsent:
            self._unsent, self._since = unsent, self.loop.time()
        if (left := self._left()) > 0:
            self._set_timer(left)
        elif is_last:
            self.cut_off()
        else:
            self._set_timer(LAST_LOOK, is_last=True)
