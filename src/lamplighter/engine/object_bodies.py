"""Receive and send the bodies of objects over ASGI, without holding them in memory.

A body is written to a file of the folder `objects/incoming` of the data directory; S3 moves it to its place. A thread
does what takes long, a megabyte at a time. If many bodies are transferred at once, for example to slow callers, the
pieces are smaller, so that all of them together use little memory.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lamplighter.base.errors import Unavailable
from lamplighter.base.file_body import CHUNK_BYTES, FileBody, ReceivedFile
from lamplighter.base.files import make_path
from lamplighter.base.json_text import Json
from lamplighter.store.data_directory import INCOMING_OBJECTS
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.object_upload import ObjectUpload

PIECE_BYTES = 2**20
"""The most bytes that are written at once."""
LEAST_BYTES = 2**14
MEMORY_BYTES = 2**26
"""What all transfers together may hold, as long as each holds `LEAST_BYTES`."""
INLINE_BYTES = 16_384
"""The most bytes that are written on the event loop."""

Receive = Callable[[], Awaitable[MutableMapping[str, Json]]]
Send = Callable[[MutableMapping[str, Json]], Awaitable[None]]


@dataclass(slots=True)
class BodyMemory:
    """Divides the memory for bodies among the requests that transfer one."""

    transfers: int = 0

    @contextmanager
    def transfer(self) -> Iterator[None]:
        """Count a transfer during the block."""
        self.transfers += 1
        try:
            yield
        finally:
            self.transfers -= 1

    def piece_size(self) -> int:
        """Return how many bytes a transfer may hold now."""
        return max(LEAST_BYTES, min(PIECE_BYTES, MEMORY_BYTES // max(1, self.transfers)))


async def receive_file(
    http: HttpRequest, directory: Path, name: str, secret: str | None, receive: Receive, memory: BodyMemory
) -> ReceivedFile:
    """Write the body of a request to a file of this name. Raises AwsError, and ConnectionResetError."""
    folder = directory / INCOMING_OBJECTS
    try:
        make_path(folder)
        upload = ObjectUpload(http, folder / name, secret)
        try:
            with memory.transfer():
                await _receive(upload, receive, memory)
            return upload.finish()
        except BaseException:
            upload.discard()
            raise
    except OSError as error:
        if isinstance(error, ConnectionResetError):
            raise
        raise Unavailable(f"the object cannot be written: {(error.strerror or str(error)).lower()}") from error


async def next_piece(receive: Receive) -> tuple[bytes, bool]:
    """Return the next piece of a body, and whether more follows. Raises ConnectionResetError."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ConnectionResetError
    return message.get("body", b""), bool(message.get("more_body"))


async def _receive(upload: ObjectUpload, receive: Receive, memory: BodyMemory) -> None:
    piece, more = bytearray(), True
    while more:
        received, more = await next_piece(receive)
        piece += received
        if len(piece) >= memory.piece_size() or not more:
            data, piece = bytes(piece), bytearray()
            if len(data) <= INLINE_BYTES:
                upload.write(data)
            else:
                await asyncio.to_thread(upload.write, data)


async def send_file(file: FileBody, send: Send, memory: BodyMemory) -> None:
    """Send a body after the head of its answer, and close it."""
    try:
        with memory.transfer():
            while file.size:
                chunk = await asyncio.to_thread(file.read_chunk, min(CHUNK_BYTES, memory.piece_size()))
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        file.close()
