"""Limit the time that a peer may take, and the size of a request's head; `connection_limit.py` limits the number.

Guarantees that a peer which sends nothing, or only half of a request, is disconnected. A request that has arrived
completely is answered, however long that takes (long polls, streams). A connection waits for its peer when it is idle,
when a head or a body is being received, and when the peer does not read the response. Such a connection has a deadline.
A connection for which there is no room is refused with 503.

The times are those of Apache's mod_reqtimeout: https://httpd.apache.org/docs/2.4/mod/mod_reqtimeout.html. A connection
that has had a response is kept longer than clients keep theirs (90 s is Go's default, the longest that we know:
https://pkg.go.dev/net/http#DefaultTransport), so the client closes first. If the server closes first, the next request
may already be on its way, and then fails: https://www.rfc-editor.org/rfc/rfc9112#section-9.5.
"""

import asyncio
from functools import partial
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from lamplighter.cli.http.connection_limit import ConnectionLimit
from lamplighter.cli.http.joined_writes import JoinedWrites

MAX_HEAD_BYTES = 64 * 1024
"""The most bytes outside of the body: request line, headers, trailers."""
DEADLINES = {"idle": 20.0, "keep-alive": 120.0, "head": 20.0, "body": 20.0, "send": 60.0, "close": 60.0}
"""Seconds that a peer may take. "idle": until its first request. "keep-alive": until its next request. "head": to send
the head. "body": to send the body, plus a second for every `MIN_BYTES_PER_SECOND` bytes received. "send": to read
part of the response while more follows. "close": to read part of the response before the connection closes."""
MIN_BYTES_PER_SECOND = 500
"""The lowest rate at which a peer may send a body."""
GRACE_SECONDS = 0.05
"""Seconds after a deadline in which the server still reads data that arrived while the engine was paused."""
BUSY_RESPONSE = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\nretry-after: 1\r\n"
    b"content-length: 49\r\nconnection: close\r\n\r\nThe server has no free connection. Send it again."
)


class Connection(HttpToolsProtocol):
    """A connection with deadlines, on top of uvicorn's protocol."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limit: ConnectionLimit,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limit = limit
        self._response: JoinedWrites | None = None
        """The transport of the last request's response."""
        self._head_bytes = 0
        """Bytes received since the last part of a body or the end of the last head."""
        self._body_bytes = 0
        """Bytes of the body received."""
        self._has_progressed = False
        self._phase = ""
        """The phase in which the connection waits, a key of `DEADLINES`; empty while a request is being answered."""
        self._since = 0.0
        """The start of the phase, by the loop's clock."""
        self._unsent_bytes = 0
        """Bytes that the peer had not read at the last check."""
        self._timer: asyncio.TimerHandle | None = None
        """Fires at the deadline or before it. One timer serves many waits, because a new timer for each request would
        cost as much as routing the request."""

    # --- asyncio's protocol -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's signature
        """Wait for a request, or refuse the connection if there is no room."""
        super().connection_made(transport)
        if not self._limit.admit(self):
            transport.write(BUSY_RESPONSE)
            transport.close()
        self._update_phase()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection from the limit."""
        self._stop_timer()
        self._limit.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse received data, or reject the request if its head is too long."""
        if self.transport.is_closing():
            return
        if self._head_bytes > MAX_HEAD_BYTES:
            self.send_400_response(f"The head of a request may have at most {MAX_HEAD_BYTES} bytes.")
            self._update_phase()
            return
        self._has_progressed = False
        super().data_received(data)
        self._head_bytes = 0 if self._has_progressed else self._head_bytes + len(data)
        self._update_phase()

    def on_headers_complete(self) -> None:
        """Reset the counters for a new body, and join the writes of the response; see uvicorn."""
        self._has_progressed = True
        self._body_bytes = 0
        super().on_headers_complete()
        if self.cycle is not None:
            self._response = JoinedWrites(self.transport, self.loop)
            self.cycle.transport = self._response  # type: ignore[assignment]

    def on_body(self, body: bytes) -> None:
        """Count the bytes of the body; see uvicorn."""
        self._has_progressed = True
        self._body_bytes += len(body)
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Wait for the next request; see uvicorn."""
        super().on_response_complete()
        self._update_phase()

    def shutdown(self) -> None:
        """Send the end of a complete response, and close the connection when it is idle; see uvicorn."""
        if self._response is not None:
            self._response.flush()
        super().shutdown()

    def timeout_keep_alive_handler(self) -> None:
        """Do nothing: this class's deadline replaces uvicorn's five seconds."""

    def pause_writing(self) -> None:
        """Wait for the peer to read the response."""
        super().pause_writing()
        self._wait_for_peer("send")

    def resume_writing(self) -> None:
        """End the wait for the peer to read; see uvicorn."""
        super().resume_writing()
        if self._phase == "send":
            self._phase = ""
            self._update_phase()

    # --- waiting for the peer -----------------------------------------------------------------------------------------

    def abort(self) -> None:
        """Close the connection immediately, even during a request."""
        self._stop_timer()
        self._limit.remove(self)
        self.transport.abort()

    def _update_phase(self) -> None:
        """Wait for the peer's next action, or for nothing while its request is being answered."""
        if self._phase == "send":
            return
        has_request = self.cycle is not None  # None until the first request
        if self.transport.is_closing():
            self._wait_for_peer("close")
        elif not has_request or self.cycle.response_complete:
            self._wait_for_peer("head" if self._head_bytes else "keep-alive" if has_request else "idle")
        elif self.cycle.more_body:
            self._wait_for_peer("body")
        else:
            self._begin_answer()

    def _begin_answer(self) -> None:
        self._phase = ""
        self._limit.mark_busy(self)

    def _wait_for_peer(self, phase: str) -> None:
        """Wait for the peer; keep the deadline if the connection already waits in this phase."""
        if phase != self._phase:
            self._phase = phase
            self._since = self.loop.time()
            self._unsent_bytes = self.transport.get_write_buffer_size()
            if self._timer is None or self._timer.when() > self._since + DEADLINES[phase]:
                self._set_timer(self._seconds_left())
        self._limit.mark_waiting(self)

    def _seconds_left(self) -> float:
        """Return the seconds until the deadline."""
        more = self._body_bytes / MIN_BYTES_PER_SECOND if self._phase == "body" else 0.0
        return self._since + DEADLINES[self._phase] + more - self.loop.time()

    def _set_timer(self, seconds: float, *, is_last: bool = False) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, partial(self._check_deadline, is_last=is_last))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check_deadline(self, *, is_last: bool) -> None:
        """Check whether the deadline has passed; it may differ from the one for which the timer was set."""
        self._timer = None
        if not self._phase:
            return
        unsent = self.transport.get_write_buffer_size()
        if unsent < self._unsent_bytes:
            self._unsent_bytes, self._since = unsent, self.loop.time()
        if (left := self._seconds_left()) > 0:
            self._set_timer(left)
        elif is_last:
            self.abort()
        else:
            self._set_timer(GRACE_SECONDS, is_last=True)
