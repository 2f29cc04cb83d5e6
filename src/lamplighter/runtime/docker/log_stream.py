"""Read Docker's log stream: frames of a stream number, a length, and `<time> <text>`.

https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Container/operation/ContainerAttach describes the
format. Docker stores each 16 KiB of a long line as a separate frame; only a line's last frame has a line end. So a
shorter frame without one is what a program wrote last before it ended; after a restart, other frames follow it.
Guarantees that each frame is returned as Docker wrote it. A stream that ends in the middle of a frame raises an error
of aiohttp or asyncio. If Docker cannot read its own file, because a power cut has damaged it, a line states so.
"""

import struct
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import datetime

from aiohttp import StreamReader

from lamplighter.runtime.port import Stream

TERMINAL_TYPE = "application/vnd.docker.raw-stream"
"""The content type of the output of a container with a terminal."""
_DOCKER_ERROR = b"Error grabbing logs: "
"""The beginning of the text that Docker writes, without a time, if it cannot read its file of the output."""
_PIECE_BYTES = 16 * 1024
_HEADER = struct.Struct(">BxxxL")


@dataclass(frozen=True, slots=True)
class LogFrame:
    """An output line, or a piece of one."""

    time: int
    stream: Stream
    piece: bytes
    complete: bool


async def read_frames(content: StreamReader, now: Callable[[], int]) -> AsyncGenerator[LogFrame, None]:
    """Yield frames until the stream ends; a text without a time of its own has the time `now`."""
    while header := await content.read(1):
        number, length = _HEADER.unpack(header + await content.readexactly(_HEADER.size - 1))
        written = await content.readexactly(length)
        if written.startswith(_DOCKER_ERROR):
            yield _error_line(written, now())
            continue
        stamp, _, text = written.partition(b" ")
        stream: Stream = "stderr" if number == 2 else "stdout"
        complete = text.endswith(b"\n") or len(text) < _PIECE_BYTES
        yield LogFrame(milliseconds(stamp.decode()), stream, text.removesuffix(b"\n"), complete)


async def read_terminal(content: StreamReader, now: Callable[[], int]) -> AsyncGenerator[LogFrame, None]:
    """Yield the lines of a container with a terminal, whose output has no headers: `<time> <text>` and a line end."""
    rest = b""
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield _terminal_line(line, now, complete=True)
    if rest:
        yield _terminal_line(rest, now, complete=False)


def unreadable_line(reason: str, now: int) -> LogFrame:
    """Return the line that stands for output which Docker cannot return."""
    return LogFrame(now, "stderr", f"lamplighter: Docker cannot read this output: {reason}".encode(), complete=True)


def _terminal_line(line: bytes, now: Callable[[], int], *, complete: bool) -> LogFrame:
    if line.startswith(_DOCKER_ERROR):
        return _error_line(line, now())
    stamp, _, text = line.partition(b" ")
    return LogFrame(milliseconds(stamp.decode()), "stdout", text.removesuffix(b"\r"), complete)


def _error_line(written: bytes, now: int) -> LogFrame:
    return unreadable_line(written.removeprefix(_DOCKER_ERROR).decode(errors="replace").strip(), now)


def milliseconds(stamp: str) -> int:
    """Return Docker's time (2026-01-01T00:00:00.123456789Z) in milliseconds since the epoch."""
    return int(datetime.fromisoformat(stamp).timestamp() * 1000 + 0.0005)
