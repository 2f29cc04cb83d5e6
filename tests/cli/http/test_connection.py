"""Connections: which ones are closed and when, and which ones stay open however long an answer takes."""

import asyncio
from collections.abc import Iterator

import pytest
import uvicorn
from uvicorn.server import ServerState

from lamplighter.base.json_text import Json
from lamplighter.cli.http.connection import DEADLINES, GRACE_SECONDS, Connection
from lamplighter.cli.http.connection_limit import ConnectionLimit
from tests.manual_world import ManualClock
from tests.virtual_loop import VirtualLoop

SLOW_REQUEST_HEAD = b"POST /slow HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\n"
SLOW_REQUEST = b"GET /slow HTTP/1.1\r\nHost: here\r\n\r\n"
QUICK_REQUEST = b"GET /quick HTTP/1.1\r\nHost: here\r\n\r\n"


class FakeTransport(asyncio.Transport):
    """A fake transport: what a protocol sees of the other side of a connection."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.writes: list[bytes] = []
        self.unread = 0
        self.protocol: Connection
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closing:
            self.sent += bytes(data)
            self.writes.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        """Close like asyncio's transport: send unread data first."""
        self._closing = True
        if not self.unread:
            self.abort()

    def abort(self) -> None:
        if self.protocol in self.protocol.connections:
            self._closing = True
            self.protocol.connection_lost(None)

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class ServerHarness:
    """A server's connections on a manual clock, with an application whose slow answers wait for the test."""

    def __init__(self, most: int) -> None:
        self.clock = ManualClock()
        self.loop = VirtualLoop(self.clock)
        self.answers = asyncio.Event()
        self.paths: list[str] = []
        self._limit = ConnectionLimit(most)
        self._state = ServerState()
        self._config = uvicorn.Config(self._application, interface="asgi3", ws="none", lifespan="off", log_config=None)
        self._config.load()

    async def _application(self, scope: Json, receive: Json, send: Json) -> None:
        self.paths.append(scope["path"])
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            continue
        if message["type"] == "http.disconnect":
            return
        if scope["path"] == "/slow":
            await self.answers.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        if scope["path"] == "/stream":
            await self.answers.wait()
            await send({"type": "http.response.body", "body": b"o", "more_body": True})
            await send({"type": "http.response.body", "body": b"k"})
            return
        await send({"type": "http.response.body", "body": b"ok"})
        if scope["path"] == "/last":
            for connection in list(self._state.connections):
                connection.shutdown()

    def connect(self, *pieces: bytes) -> FakeTransport:
        """Open a connection that sends these pieces."""
        transport = FakeTransport()
        transport.protocol = Connection(self._config, self._state, {}, self.loop, limit=self._limit)
        transport.protocol.connection_made(transport)
        for piece in pieces:
            self.send(transport, piece)
        return transport

    def send(self, transport: FakeTransport, data: bytes) -> None:
        self.loop.call_soon(transport.protocol.data_received, data)
        self.loop.settle()

    def advance_clock(self, seconds: float) -> None:
        for _ in range(2):  # a deadline, and the final check after it
            self.clock.advance(int(seconds * 500))
            self.loop.settle()

    def release_answers(self) -> None:
        self.answers.set()
        self.loop.settle()


@pytest.fixture
def peers() -> Iterator[ServerHarness]:
    made = ServerHarness(most=3)
    yield made
    made.loop.end()


def is_open(transport: FakeTransport) -> bool:
    return transport.protocol in transport.protocol.connections


@pytest.mark.parametrize(
    ("phase", "pieces"),
    [
        ("idle", ()),
        ("head", (b"POST / HT",)),
        ("body", (SLOW_REQUEST_HEAD, b"12345")),
        ("head", (b"GET / HTTP/1.1\r\nX: ", b"y")),
    ],
)
def test_an_unfinished_request_is_cut_off_at_its_deadline(
    peers: ServerHarness, phase: str, pieces: tuple[bytes, ...]
) -> None:
    transport = peers.connect(*pieces)
    peers.advance_clock(DEADLINES[phase] - 0.1)
    assert is_open(transport)
    peers.advance_clock(0.2 + 4 * GRACE_SECONDS)
    assert not is_open(transport)


def test_a_head_that_arrives_slowly_is_cut_off_at_its_deadline(peers: ServerHarness) -> None:
    transport = peers.connect(b"POST / HTTP/1.1\r\nX: ")
    for _ in range(3):
        peers.advance_clock(DEADLINES["head"] / 4)
        peers.send(transport, b"x")
    assert is_open(transport)
    peers.advance_clock(DEADLINES["head"] / 2)
    assert not is_open(transport)


def test_a_slow_body_that_continues_is_not_cut_off(peers: ServerHarness) -> None:
    transport = peers.connect(b"POST /quick HTTP/1.1\r\nHost: here\r\nContent-Length: 60000\r\n\r\n")
    for _ in range(6):
        peers.advance_clock(DEADLINES["body"] - 1)
        peers.send(transport, b"x" * 10_000)
    assert transport.sent.endswith(b"ok")


def test_a_long_poll_is_answered_however_long_it_takes(peers: ServerHarness) -> None:
    transport = peers.connect(SLOW_REQUEST)
    peers.advance_clock(3600)
    assert is_open(transport)
    peers.release_answers()
    assert transport.sent.endswith(b"ok")


def test_an_idle_connection_is_closed_after_the_keep_alive_time(peers: ServerHarness) -> None:
    transport = peers.connect(QUICK_REQUEST)
    assert transport.sent.endswith(b"ok")
    peers.advance_clock(DEADLINES["keep-alive"] - 1)
    assert is_open(transport), "clients keep a connection for a minute and a half"
    peers.advance_clock(2)
    assert not is_open(transport)


def test_each_request_on_a_connection_restarts_the_keep_alive_time(peers: ServerHarness) -> None:
    transport = peers.connect(QUICK_REQUEST)
    for _ in range(3):
        peers.advance_clock(DEADLINES["keep-alive"] - 1)
        peers.send(transport, QUICK_REQUEST)
    assert [each[-2:] for each in transport.writes] == [b"ok"] * 4


def test_a_partial_next_request_has_the_deadline_of_a_first_request(peers: ServerHarness) -> None:
    transport = peers.connect(QUICK_REQUEST, b"GET / HT")
    peers.advance_clock(DEADLINES["head"] - 0.1)
    assert is_open(transport)
    peers.advance_clock(0.2 + 4 * GRACE_SECONDS)
    assert not is_open(transport)


def test_a_client_that_does_not_read_the_answer_is_cut_off(peers: ServerHarness) -> None:
    transport = peers.connect(QUICK_REQUEST)
    transport.unread = 1_000_000
    transport.protocol.pause_writing()
    peers.advance_clock(DEADLINES["send"] - 1)
    transport.unread = 999_999
    peers.advance_clock(DEADLINES["send"] - 1)
    assert is_open(transport), "it has read something"
    peers.advance_clock(2 * DEADLINES["send"])
    assert not is_open(transport)


def test_a_new_connection_replaces_the_one_that_has_waited_longest(peers: ServerHarness) -> None:
    polling, first, second = peers.connect(SLOW_REQUEST), peers.connect(SLOW_REQUEST_HEAD), peers.connect()
    third = peers.connect(QUICK_REQUEST)
    assert third.sent.endswith(b"ok")
    assert [is_open(each) for each in (polling, first, second, third)] == [True, False, True, True]
    peers.send(second, b"GET")
    fourth = peers.connect()
    assert [is_open(each) for each in (polling, second, third, fourth)] == [True, True, False, True]


def test_a_new_connection_is_refused_if_all_others_are_being_answered(peers: ServerHarness) -> None:
    polls = [peers.connect(SLOW_REQUEST) for _ in range(3)]
    refused = peers.connect(QUICK_REQUEST)
    assert refused.sent.startswith(b"HTTP/1.1 503 ")
    assert not is_open(refused)
    peers.release_answers()
    assert all(each.sent.endswith(b"ok") for each in polls)
    assert peers.connect(QUICK_REQUEST).sent.endswith(b"ok")


def test_data_that_arrived_while_the_engine_was_paused_is_read_before_the_deadline_counts(peers: ServerHarness) -> None:
    transport = peers.connect(b"GET /quick HTTP/1.1\r\nHost: here\r\n")
    peers.clock.advance(int(DEADLINES["head"] * 1000) + 1)
    peers.loop.settle()
    peers.send(transport, b"\r\n")
    peers.advance_clock(10 * GRACE_SECONDS)
    assert transport.sent.endswith(b"ok")


def test_head_and_body_of_an_answer_are_sent_in_one_write(peers: ServerHarness) -> None:
    (whole,) = peers.connect(QUICK_REQUEST).writes
    assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
    assert whole.endswith(b"\r\n\r\nok")


def test_the_head_of_a_streamed_answer_is_sent_before_its_body(peers: ServerHarness) -> None:
    transport = peers.connect(b"GET /stream HTTP/1.1\r\nHost: here\r\n\r\n")
    assert transport.sent.endswith(b"\r\n\r\n")
    peers.release_answers()
    assert transport.writes[1:] == [b"ok"]


def test_an_answer_that_is_complete_is_sent_although_the_server_stops(peers: ServerHarness) -> None:
    transport = peers.connect(QUICK_REQUEST.replace(b"/quick", b"/last"))
    assert transport.sent.endswith(b"ok")
    assert not is_open(transport)


def test_a_100_continue_is_sent_for_an_expected_body(peers: ServerHarness) -> None:
    head = SLOW_REQUEST_HEAD.replace(b"/slow", b"/quick").replace(b"Content", b"Expect: 100-continue\r\nContent")
    transport = peers.connect(head)
    assert transport.sent == b"HTTP/1.1 100 Continue\r\n\r\n"
    peers.send(transport, b"0123456789")
    assert transport.sent.endswith(b"ok")


def test_answers_to_pipelined_requests_are_sent_in_their_order(peers: ServerHarness) -> None:
    transport = peers.connect(QUICK_REQUEST + QUICK_REQUEST.replace(b"/quick", b"/slow") + QUICK_REQUEST)
    assert len(transport.writes) == 1
    peers.release_answers()
    assert [each[-2:] for each in transport.writes] == [b"ok"] * 3
