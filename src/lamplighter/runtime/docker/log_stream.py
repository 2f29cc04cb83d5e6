"""Read Docker's log stream: frames of a stream number, a length, and `<time> <text>`.

https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Container/operation/ContainerAttach describes the
format. Docker stores each 16 KiB of a long line as a separate frame; only a line's last frame has a line end. So a
shorter frame without one is what a program wrote last before it ended; after a restart, other frames follow it. The
output of a container with a terminal has the same frames without number and length: each ends with a line end or after
16 KiB of text. Guarantees that each frame is returned as Docker wrote it. A stream that ends in the middle of a frame
raises an error of aiohttp or asyncio. If Docker cannot read its own file, because a power cut has damaged it, a line
states so.
"""

import re
import struct
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from aiohttp import StreamReader

from lamplighter.runtime.output_line import Stream

TERMINAL_TYPE = "application/vnd.docker.raw-stream"
"""The content type of the output of a container with a terminal."""
_DOCKER_ERROR = b"Error grabbing logs: "
"""The beginning of the text that Docker writes, without a time, if it cannot read its file of the output."""
_PIECE_BYTES = 16 * 1024
_MAX_STAMP_BYTES = 64
_HEADER = struct.Struct(">BxxxL")
_FRACTION = re.compile(r"\.(\d{1,9})")


@dataclass(frozen=True, slots=True)
class LogFrame:
    """An output line, or a piece of one."""

    time: int
    """Milliseconds since the epoch."""
    stamp: int
    """Docker's own time in nanoseconds since the epoch; 0 for a text without one."""
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
        stream: Stream = "stderr" if number == 2 else "stdout"
        yield _stamped_frame(written, stream)


async def read_terminal(content: StreamReader, now: Callable[[], int]) -> AsyncGenerator[LogFrame, None]:
    """Yield the frames of a container with a terminal, whose output has no headers."""
    unread = bytearray()
    async for chunk in content.iter_any():
        unread += chunk
        begin = 0
        while end := _terminal_frame_end(unread, begin):
            yield _terminal_frame(bytes(unread[begin:end]), now)
            begin = end
        del unread[:begin]
    if unread:
        yield _terminal_frame(bytes(unread), now)


def _terminal_frame_end(unread: bytearray, begin: int) -> int:
    """Return where the frame that begins at a place ends, or 0 if it is not there completely."""
    text = unread.find(b" ", begin, begin + _MAX_STAMP_BYTES) + 1
    most = (text or begin) + _PIECE_BYTES
    return unread.find(b"\n", begin, most) + 1 or (most if len(unread) >= most else 0)


def unreadable_line(reason: str, now: int) -> LogFrame:
    """Return the line that stands for output which Docker cannot return."""
    return LogFrame(now, 0, "stderr", f"lamplighter: Docker cannot read this output: {reason}".encode(), complete=True)


def _terminal_frame(written: bytes, now: Callable[[], int]) -> LogFrame:
    if written.startswith(_DOCKER_ERROR):
        return _error_line(written, now())
    frame = _stamped_frame(written, "stdout")
    return replace(frame, piece=frame.piece.removesuffix(b"\r")) if frame.complete else frame


def _stamped_frame(written: bytes, stream: Stream) -> LogFrame:
    written_stamp, _, text = written.partition(b" ")
    stamp = nanoseconds(written_stamp.decode())
    complete = text.endswith(b"\n") or len(text) < _PIECE_BYTES
    return LogFrame(stamp // 1_000_000, stamp, stream, text.removesuffix(b"\n"), complete)


def _error_line(written: bytes, now: int) -> LogFrame:
    return unreadable_line(written.removeprefix(_DOCKER_ERROR).decode(errors="replace").strip(), now)


def milliseconds(stamp: str) -> int:
    """Return Docker's time (2026-01-01T00:00:00.123456789Z) in milliseconds since the epoch."""
    return nanoseconds(stamp) // 1_000_000


def nanoseconds(stamp: str) -> int:
    """Return Docker's time in nanoseconds since the epoch; a float would round it."""
    fraction = _FRACTION.search(stamp)
    whole = datetime.fromisoformat(_FRACTION.sub("", stamp)).timestamp()
    return int(whole) * 10**9 + (int(fraction[1].ljust(9, "0")) if fraction else 0)
