"""Parse the bytes of Docker's log stream."""

import asyncio
from collections.abc import AsyncIterator
from unittest.mock import Mock

import pytest
from aiohttp import StreamReader

from lamplighter.runtime.docker import log_stream
from lamplighter.runtime.docker.log_stream import LogFrame

STAMP = b"2026-01-01T00:00:00.123456789Z "


def stream(data: bytes) -> StreamReader:
    reader = StreamReader(Mock(_reading_paused=False), 2**16, loop=asyncio.get_running_loop())
    reader.feed_data(data)
    reader.feed_eof()
    return reader


def never() -> int:
    raise AssertionError("each text has a time of its own")


def frame(number: int, text: bytes) -> bytes:
    content = STAMP + text
    return bytes([number, 0, 0, 0]) + len(content).to_bytes(4, "big") + content


async def test_each_frame_is_a_line_or_a_piece_of_one() -> None:
    piece = b"x" * 16 * 1024
    written = frame(1, b"a b\n") + frame(2, piece) + frame(2, b"\n") + frame(2, b"the last words of a run")
    frames = [each async for each in log_stream.read_frames(stream(written), never)]
    time = 1_767_225_600_123, 1_767_225_600_123_456_789
    assert frames == [
        LogFrame(*time, "stdout", b"a b", complete=True),
        LogFrame(*time, "stderr", piece, complete=False),
        LogFrame(*time, "stderr", b"", complete=True),
        LogFrame(*time, "stderr", b"the last words of a run", complete=True),
    ]


async def test_a_truncated_stream_is_an_error() -> None:
    with pytest.raises(asyncio.IncompleteReadError):
        [each async for each in log_stream.read_frames(stream(frame(1, b"whole\n") + frame(1, b"cut\n")[:-2]), never)]


async def test_an_error_of_docker_is_a_line_without_a_time_of_its_own() -> None:
    """Recorded from Docker 26, whose file had 200 zeros after its first line, as a power cut leaves them."""
    error = b"Error grabbing logs: invalid character '\\x00' looking for beginning of value\n"
    lines = frame(1, b"one\n") + b"\x03\x00\x00\x00\x00\x00\x00M" + error
    of_terminal = STAMP + b"one\r\n" + error
    expected = [
        LogFrame(1_767_225_600_123, 1_767_225_600_123_456_789, "stdout", b"one", complete=True),
        LogFrame(
            77,
            0,
            "stderr",
            b"lamplighter: Docker cannot read this output: invalid character '\\x00' looking for beginning of value",
            complete=True,
        ),
    ]
    assert [each async for each in log_stream.read_frames(stream(lines), lambda: 77)] == expected
    assert [each async for each in log_stream.read_terminal(stream(of_terminal), lambda: 77)] == expected


def of_terminal(data: bytes, chunk: int) -> StreamReader:
    """Return a stream that arrives in chunks of a size."""
    reader = StreamReader(Mock(_reading_paused=False), 2**24, loop=asyncio.get_running_loop())
    for at in range(0, len(data), chunk):
        reader.feed_data(data[at : at + chunk])
    reader.feed_eof()
    return reader


@pytest.mark.parametrize("chunk", [1, 7, 4_096, 1_000_000])
async def test_the_stamp_of_a_part_of_a_long_line_is_not_in_the_text_of_a_terminal(chunk: int) -> None:
    """Recorded from Docker 26: a message of a terminal has no line end after each 16 KiB of a long line."""
    part = b"x" * 16 * 1024
    spaces = b" " * 16 * 1024
    written = b"".join(STAMP + text for text in (b"one\r\n", part, spaces, b"end\r\n", part, b"\r\n", b"last"))
    frames = [each async for each in log_stream.read_terminal(of_terminal(written, chunk), never)]
    assert [(each.piece, each.complete) for each in frames] == [
        (b"one", True), (part, False), (spaces, False), (b"end", True), (part, False), (b"", True), (b"last", True),
    ]  # fmt: skip


async def test_a_long_line_of_a_terminal_is_returned_in_parts_while_it_arrives() -> None:
    class CountingStream:
        async def iter_any(self) -> AsyncIterator[bytes]:
            for _ in range(400):
                yield STAMP + b"x" * 16 * 1024

    most = 0
    async for frame in log_stream.read_terminal(CountingStream(), never):  # type: ignore[arg-type]
        most = max(most, len(frame.piece))
    assert most == 16 * 1024


@pytest.mark.parametrize(
    ("stamp", "nanoseconds"),
    [
        ("1970-01-01T00:00:01Z", 10**9),
        ("1970-01-01T00:00:00.5Z", 500_000_000),
        ("2026-01-01T00:00:00.002000001Z", 1_767_225_600_002_000_001),
        ("2026-01-01T01:00:00.999999999+01:00", 1_767_225_600_999_999_999),
    ],
)
def test_times_of_any_precision_are_parsed(stamp: str, nanoseconds: int) -> None:
    assert log_stream.nanoseconds(stamp) == nanoseconds
    assert log_stream.milliseconds(stamp) == nanoseconds // 1_000_000
