"""Reads Docker's log stream: frames of a stream's number, a length, and `<time> <text>`.

https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Container/operation/ContainerAttach tells the format.
Docker keeps each 16 KiB of a long line as a frame of its own; only a line's last frame ends in a line end. Promises
each frame as it was written. Refuses a stream that breaks off in the middle: that is an error of aiohttp or asyncio.
"""

import struct
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime

from aiohttp import StreamReader

from lamplighter.runtime.port import Stream

_HEADER = struct.Struct(">BxxxL")


@dataclass(frozen=True, slots=True)
class LogFrame:
    """A line, or a piece of one."""

    time: int
    stream: Stream
    piece: bytes
    complete: bool


async def read_frames(content: StreamReader) -> AsyncGenerator[LogFrame, None]:
    """Read frames until the stream ends."""
    while header := await content.read(1):
        number, length = _HEADER.unpack(header + await content.readexactly(_HEADER.size - 1))
        stamp, _, text = (await content.readexactly(length)).partition(b" ")
        stream: Stream = "stderr" if number == 2 else "stdout"
        yield LogFrame(milliseconds(stamp.decode()), stream, text.removesuffix(b"\n"), text.endswith(b"\n"))


def milliseconds(stamp: str) -> int:
    """Read Docker's times, 2026-01-01T00:00:00.123456789Z."""
    return int(datetime.fromisoformat(stamp).timestamp() * 1000 + 0.0005)
