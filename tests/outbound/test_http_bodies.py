"""Bodies of responses that break off, stall or never end: the status of a delivery counts, and no memory is used up."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from lamplighter.outbound.http import HttpClient
from lamplighter.outbound.port import DeliveryFailed, HttpRequest

MAX_BYTES = 300
SOON, LATE = 0.3, 60.0
"""Seconds after which a call that has to fail times out, and within which the others have long returned."""
GZIPPED = gzip.compress(b"hello")
WHOLE_ANSWERS = {
    "bad status line": b"HTTP/1.1 two\r\n\r\n",
    "unknown coding": b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nhello",
    "bad gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    "gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(GZIPPED) + GZIPPED,
}


@dataclass(slots=True)
class RawServer:
    """A server that answers in one of the ways in which servers fail, as bytes."""

    how: str
    url: str = ""
    sent: int = 0
    """The bytes of an endless body that the peer's and this machine's buffers took."""
    requests: int = 0
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the client has closed the connection."""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(5 if b"Content-Length: 5\r\n" in head else 0)
            self.requests += 1
            if self.how in WHOLE_ANSWERS:
                writer.write(WHOLE_ANSWERS[self.how])
                await writer.drain()
                return
            status = b"500 Broken" if self.how == "stalled error" else b"200 OK"
            length = b"" if self.how == "endless" else b"Content-Length: 1000\r\n"
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Type: text/plain\r\n" + length + b"\r\nhello")
            await writer.drain()
            while self.how == "endless":
                writer.write(b"x" * 65_536)
                await writer.drain()
                self.sent += 65_536
            while self.how.startswith("stalled") and await reader.read(65_536):
                continue
        except ConnectionError:
            pass
        finally:
            self.gone.set()
            writer.close()


@asynccontextmanager
async def raw_server(how: str) -> AsyncIterator[RawServer]:
    made = RawServer(how)
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        yield made
    finally:
        server.close()


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HttpClient]:
    monkeypatch.setattr("lamplighter.outbound.http.BODY_SECONDS", SOON)
    made = HttpClient(LATE)
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("how", "status", "length"),
    [("stalled", 200, 5), ("stalled error", 500, 5), ("broken off", 200, 5), ("endless", 200, MAX_BYTES)],
)
async def test_the_status_of_a_delivery_counts_whatever_its_body_does(
    client: HttpClient, how: str, status: int, length: int
) -> None:
    async with raw_server(how) as server, asyncio.timeout(LATE):
        answer = await client.request(HttpRequest("POST", server.url, {}, b"alert"), LATE, MAX_BYTES)
        assert (answer.status, answer.body[:5], len(answer.body)) == (status, b"hello", length)
        await server.gone.wait()  # no connection is left to a server that still sends


@pytest.mark.parametrize("how", ["stalled", "broken off", "endless"])
async def test_a_post_and_a_ping_read_no_body(client: HttpClient, how: str) -> None:
    async with raw_server(how) as server, asyncio.timeout(LATE):
        assert await client.post(server.url, {}, b"alert") == 200
        assert (await client.request(HttpRequest("GET", server.url, {}, None), LATE, 0)).body == b""
        assert server.requests == 2


@pytest.mark.parametrize(
    ("how", "seconds", "reason"),
    [("stalled", SOON, "no response within 0.3 s"), ("broken off", LATE, "ClientPayload")],
)
async def test_a_call_that_needs_the_body_fails_without_its_end(
    client: HttpClient, how: str, seconds: float, reason: str
) -> None:
    async with raw_server(how) as server, asyncio.timeout(LATE):
        with pytest.raises(DeliveryFailed, match=reason) as error:
            await client.request(HttpRequest("GET", server.url, {}, None), seconds, MAX_BYTES, needs_body=True)
    assert error.value.retryable


async def test_an_endless_body_is_read_up_to_the_limit(client: HttpClient) -> None:
    async with raw_server("endless") as server, asyncio.timeout(LATE):
        answer = await client.request(HttpRequest("GET", server.url, {}, None), LATE, MAX_BYTES, needs_body=True)
        assert len(answer.body) == MAX_BYTES
        await server.gone.wait()
        assert server.sent < 50_000_000  # what fits into the buffers of the sockets


@pytest.mark.parametrize("how", ["unknown coding", "bad gzip", "gzip"])
async def test_the_status_of_a_delivery_counts_although_its_body_is_compressed(client: HttpClient, how: str) -> None:
    async with raw_server(how) as server, asyncio.timeout(LATE):
        answer = await client.request(HttpRequest("POST", server.url, {}, b"alert"), LATE, MAX_BYTES)
    assert (answer.status, answer.body) == (200, b"")  # a text that nobody can read is not quoted


@pytest.mark.parametrize("how", ["unknown coding", "bad gzip"])
async def test_a_call_that_needs_the_body_fails_if_it_cannot_be_decompressed(client: HttpClient, how: str) -> None:
    async with raw_server(how) as server, asyncio.timeout(LATE):
        with pytest.raises(DeliveryFailed):
            await client.request(HttpRequest("GET", server.url, {}, None), LATE, MAX_BYTES, needs_body=True)


async def test_a_call_that_needs_the_body_gets_it_decompressed(client: HttpClient) -> None:
    async with raw_server("gzip") as server, asyncio.timeout(LATE):
        request = HttpRequest("GET", server.url, {}, None)
        assert (await client.request(request, LATE, MAX_BYTES, needs_body=True)).body == b"hello"


@pytest.mark.parametrize("needs_body", [False, True])
async def test_the_error_for_a_bad_answer_has_nothing_of_the_address(client: HttpClient, needs_body: bool) -> None:
    async with raw_server("bad status line") as server, asyncio.timeout(LATE):
        request = HttpRequest("POST", f"{server.url}hook/S3CRET", {}, b"alert")
        with pytest.raises(DeliveryFailed, match="Bad status line") as error:
            await client.request(request, LATE, MAX_BYTES, needs_body=needs_body)
    assert error.value.retryable
    assert server.url not in error.value.message
    assert "S3CRET" not in error.value.message
