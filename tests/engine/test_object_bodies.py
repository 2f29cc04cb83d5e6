"""Bodies of objects that many callers send and receive at once use little memory."""

import asyncio
from collections.abc import MutableMapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from lamplighter.base.file_body import FileBody
from lamplighter.base.json_text import Json
from lamplighter.engine.object_bodies import LEAST_BYTES, MEMORY_BYTES, PIECE_BYTES, BodyMemory, receive_file, send_file
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.object_upload import ObjectUpload


@pytest.mark.parametrize("transfers", [1, 64, 65, 1_000, 4_096])
def test_all_transfers_together_hold_a_bounded_part_of_the_memory(transfers: int) -> None:
    memory = BodyMemory()
    with ExitStack() as stack:
        for _ in range(transfers):
            stack.enter_context(memory.transfer())
        assert LEAST_BYTES <= memory.piece_size() <= PIECE_BYTES
        assert memory.piece_size() * transfers <= MEMORY_BYTES
    assert memory.piece_size() == PIECE_BYTES


def test_a_body_is_written_and_sent_in_pieces_of_the_present_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand other transfers leave 65,536 bytes to this one."""
    memory, written, sent = BodyMemory(transfers=1_023), list[int](), list[int]()
    write = ObjectUpload.write

    def record(upload: ObjectUpload, data: bytes) -> None:
        written.append(len(data))
        write(upload, data)

    async def receive() -> MutableMapping[str, Json]:
        more = sum(written) < 2**17
        return {"type": "http.request", "body": b"x" * 2**15 if more else b"", "more_body": more}

    async def send(message: MutableMapping[str, Json]) -> None:
        sent.append(len(message["body"]))

    async def transfer() -> None:
        http = HttpRequest("PUT", b"/bucket/key", b"", {}, b"")
        found = await receive_file(http, tmp_path, "name", None, receive, memory)
        await send_file(FileBody.open(found.path, 0, found.size), send, memory)

    monkeypatch.setattr(ObjectUpload, "write", record)
    asyncio.run(transfer())
    assert written == [2**16, 2**16, 0]
    assert sent == [2**16, 2**16, 0]
    assert memory.transfers == 1_023
