"""Joining the writes of head and body of an answer."""

import asyncio
from collections.abc import Iterator

import pytest

from lamplighter.cli.http.joined_writes import MAX_JOINED_BYTES, JoinedWrites
from tests.manual_world import ManualClock
from tests.virtual_loop import VirtualLoop


class StoringTransport(asyncio.Transport):
    """A transport that stores what is written and whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    made = VirtualLoop(ManualClock())
    yield made
    made.end()


def test_a_large_body_is_not_copied(loop: VirtualLoop) -> None:
    sink = StoringTransport()
    joined = JoinedWrites(sink, loop)
    joined.write(b"head")
    joined.write(b"x" * (MAX_JOINED_BYTES + 1))
    assert list(map(len, sink.writes)) == [4, MAX_JOINED_BYTES + 1]


def test_a_head_without_a_body_is_sent_before_the_connection_is_closed(loop: VirtualLoop) -> None:
    sink = StoringTransport()
    joined = JoinedWrites(sink, loop)
    joined.write(b"head")
    joined.close()
    loop.settle()
    assert (sink.writes, joined.is_closing()) == ([b"head"], True)


def test_what_is_written_in_one_loop_iteration_is_sent_at_the_next(loop: VirtualLoop) -> None:
    sink = StoringTransport()
    joined = JoinedWrites(sink, loop)
    joined.write(b"head ")
    joined.write(b"body")
    assert sink.writes == []
    loop.settle()
    joined.write(b"more")
    loop.settle()
    assert sink.writes == [b"head body", b"more"]
