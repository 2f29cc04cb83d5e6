"""Connections: who is cut off, and when; who is not, however long it takes."""

import asyncio
from collections.abc import Iterator

import pytest
import uvicorn
from uvicorn.server import ServerState

from lamplighter.base.json_text import Json
from lamplighter.base.world import ManualClock
from lamplighter.cli.http.connection import DEADLINES, GRACE_SECONDS, Connection, ConnectionLimit
from tests.virtual_loop import VirtualLoop

HEAD = b"POST /slow HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\n"
WHOLE = b"GET /slow HTTP/1.1\r\nHost: here\r\n\r\n"
QUICK = b"GET /quick HTTP/1.1\r\nHost: here\r\n\r\n"


class Transport(asyncio.Transport):
    """The other side of a connection, as far as a protocol sees it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.writes: list[bytes] = []
        self.unread = 0
        self.protocol: Connection
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += bytes(data)
        self.writes.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        """As asyncio's: what is not read yet is sent first."""
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


class Peers:
    """A server's connections, on a clock of ours, under an application whose slow answers wait for us."""

    def __init__(self, most: int) -> None:
        self.clock = ManualClock()
        self.loop = VirtualLoop(self.clock)
        self.answers = asyncio.Event()
        self.heard: list[str] = []
        self._among = ConnectionLimit(most)
        self._state = ServerState()
        self._config = uvicorn.Config(self._application, interface="asgi3", ws="none", lifespan="off", log_config=None)
        self._config.load()

    async def _application(self, scope: Json, receive: Json, send: Json) -> None:
        self.heard.append(scope["path"])
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

    def connect(self, *pieces: bytes) -> Transport:
        """A new connection, and what it sends."""
        transport = Transport()
        transport.protocol = Connection(self._config, self._state, {}, self.loop, limit=self._among)
        transport.protocol.connection_made(transport)
        for piece in pieces:
            self.send(transport, piece)
        return transport

    def send(self, transport: Transport, data: bytes) -> None:
        self.loop.call_soon(transport.protocol.data_received, data)
        self.loop.settle()

    def wait(self, seconds: float) -> None:
        for _ in range(2):  # a deadline, and the last look after it
            self.clock.advance(int(seconds * 500))
            self.loop.settle()

    def answer(self) -> None:
        self.answers.set()
        self.loop.settle()


@pytest.fixture
def peers() -> Iterator[Peers]:
    made = Peers(most=3)
    yield made
    made.loop.end()


def is_open(transport: Transport) -> bool:
    return transport.protocol in transport.protocol.connections


@pytest.mark.parametrize(
    ("phase", "pieces"),
    [("idle", ()), ("head", (b"POST / HT",)), ("body", (HEAD, b"12345")), ("head", (b"GET / HTTP/1.1\r\nX: ", b"y"))],
)
def test_whoever_leaves_a_request_unfinished_is_cut_off(peers: Peers, phase: str, pieces: tuple[bytes, ...]) -> None:
    transport = peers.connect(*pieces)
    peers.wait(DEADLINES[phase] - 0.1)
    assert is_open(transport)
    peers.wait(0.2 + 4 * GRACE_SECONDS)
    assert not is_open(transport)


def test_a_head_that_comes_drop_by_drop_is_cut_off_all_the_same(peers: Peers) -> None:
    transport = peers.connect(b"POST / HTTP/1.1\r\nX: ")
    for _ in range(3):
        peers.wait(DEADLINES["head"] / 4)
        peers.send(transport, b"x")
    assert is_open(transport)
    peers.wait(DEADLINES["head"] / 2)
    assert not is_open(transport)


def test_a_slow_body_that_goes_on_is_waited_for(peers: Peers) -> None:
    transport = peers.connect(b"POST /quick HTTP/1.1\r\nHost: here\r\nContent-Length: 60000\r\n\r\n")
    for _ in range(6):
        peers.wait(DEADLINES["body"] - 1)
        peers.send(transport, b"x" * 10_000)
    assert transport.sent.endswith(b"ok")


def test_a_long_poll_is_answered_however_long_it_takes(peers: Peers) -> None:
    transport = peers.connect(WHOLE)
    peers.wait(3600)
    assert is_open(transport)
    peers.answer()
    assert transport.sent.endswith(b"ok")


def test_a_connection_that_was_used_is_closed_when_nothing_more_comes(peers: Peers) -> None:
    transport = peers.connect(QUICK)
    assert transport.sent.endswith(b"ok")
    peers.wait(DEADLINES["keep-alive"] - 1)
    assert is_open(transport), "clients keep a connection for a minute and a half"
    peers.wait(2)
    assert not is_open(transport)


def test_each_request_on_a_connection_gives_it_the_whole_time_again(peers: Peers) -> None:
    transport = peers.connect(QUICK)
    for _ in range(3):
        peers.wait(DEADLINES["keep-alive"] - 1)
        peers.send(transport, QUICK)
    assert [each[-2:] for each in transport.writes] == [b"ok"] * 4


def test_a_next_request_that_comes_in_part_has_no_more_time_than_the_first(peers: Peers) -> None:
    transport = peers.connect(QUICK, b"GET / HT")
    peers.wait(DEADLINES["head"] - 0.1)
    assert is_open(transport)
    peers.wait(0.2 + 4 * GRACE_SECONDS)
    assert not is_open(transport)


def test_whoever_reads_nothing_of_the_answer_is_cut_off(peers: Peers) -> None:
    transport = peers.connect(QUICK)
    transport.unread = 1_000_000
    transport.protocol.pause_writing()
    peers.wait(DEADLINES["send"] - 1)
    transport.unread = 999_999
    peers.wait(DEADLINES["send"] - 1)
    assert is_open(transport), "it has read something"
    peers.wait(2 * DEADLINES["send"])
    assert not is_open(transport)


def test_a_new_connection_takes_the_place_of_the_one_that_has_waited_longest(peers: Peers) -> None:
    polling, first, second = peers.connect(WHOLE), peers.connect(HEAD), peers.connect()
    third = peers.connect(QUICK)
    assert third.sent.endswith(b"ok")
    assert [is_open(each) for each in (polling, first, second, third)] == [True, False, True, True]
    peers.send(second, b"GET")
    fourth = peers.connect()
    assert [is_open(each) for each in (polling, second, third, fourth)] == [True, True, False, True]


def test_where_every_connection_is_being_answered_the_new_one_is_refused(peers: Peers) -> None:
    polls = [peers.connect(WHOLE) for _ in range(3)]
    refused = peers.connect(QUICK)
    assert refused.sent.startswith(b"HTTP/1.1 503 ")
    assert not is_open(refused)
    peers.answer()
    assert all(each.sent.endswith(b"ok") for each in polls)
    assert peers.connect(QUICK).sent.endswith(b"ok")


def test_what_came_while_the_engine_stood_still_is_read_before_the_deadline_counts(peers: Peers) -> None:
    transport = peers.connect(b"GET /quick HTTP/1.1\r\nHost: here\r\n")
    peers.clock.advance(int(DEADLINES["head"] * 1000) + 1)
    peers.loop.settle()
    peers.send(transport, b"\r\n")
    peers.wait(10 * GRACE_SECONDS)
    assert transport.sent.endswith(b"ok")


def test_head_and_body_of_an_answer_leave_in_one_write(peers: Peers) -> None:
    (whole,) = peers.connect(QUICK).writes
    assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
    assert whole.endswith(b"\r\n\r\nok")


def test_the_head_of_an_answer_that_streams_leaves_before_its_body_is_known(peers: Peers) -> None:
    transport = peers.connect(b"GET /stream HTTP/1.1\r\nHost: here\r\n\r\n")
    assert transport.sent.endswith(b"\r\n\r\n")
    peers.answer()
    assert transport.writes[1:] == [b"o", b"k"]


def test_a_body_that_is_waited_for_is_asked_for_at_once(peers: Peers) -> None:
    head = HEAD.replace(b"/slow", b"/quick").replace(b"Content", b"Expect: 100-continue\r\nContent")
    transport = peers.connect(head)
    assert transport.sent == b"HTTP/1.1 100 Continue\r\n\r\n"
    peers.send(transport, b"0123456789")
    assert transport.sent.endswith(b"ok")


def test_answers_to_requests_that_came_together_leave_in_their_order(peers: Peers) -> None:
    transport = peers.connect(QUICK + QUICK.replace(b"/quick", b"/slow") + QUICK)
    assert len(transport.writes) == 1
    peers.answer()
    assert [each[-2:] for each in transport.writes] == [b"ok"] * 3
