"""Call AWS's operations over raw keep-alive connections, because boto3 uses more processor time than the engine does.

A connection has one request in flight. Guarantees that an answer other than HTTP 200 is an error, never a figure.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar, cast
from urllib.parse import urlencode

import orjson
import uvloop

from bench.engine_process import REGION, EngineProcess, processor_seconds
from lamplighter.base.json_text import Json

T = TypeVar("T")

CONNECTIONS = 16
TARGETS = {
    "sqs": "AmazonSQS",
    "events": "AWSEvents",
    "states": "AWSStepFunctions",
}
"""The prefix of X-Amz-Target of each service that speaks JSON."""


class Connection(asyncio.Protocol):
    """A connection to an engine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._received = bytearray()

    async def call(self, service: str, operation: str, params: Json) -> Json:
        """Call an operation of a service that speaks JSON, and return its answer."""
        target = f"X-Amz-Target: {TARGETS[service]}.{operation}\r\n"
        body = await self._request(service, "application/x-amz-json-1.0", target, orjson.dumps(params))
        return orjson.loads(body) if body else {}

    async def call_query(self, service: str, operation: str, params: dict[str, str]) -> bytes:
        """Call an operation of a service that speaks AWS's query protocol, and return its answer, which is XML."""
        form = urlencode({"Action": operation, **params}).encode()
        return await self._request(service, "application/x-www-form-urlencoded", "", form)

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    async def _request(self, service: str, content_type: str, target: str, body: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        if self._transport is None:
            await loop.create_connection(lambda: self, "127.0.0.1", self._port)
        assert self._transport is not None
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        head = (
            f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nContent-Type: {content_type}\r\n{target}"
            f"X-Amz-Date: {now}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=bench/{now[:8]}/{REGION}/{service}"
            f"/aws4_request, SignedHeaders=host;x-amz-date, Signature={'0' * 64}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._received.clear()
        self._answer = loop.create_future()
        self._transport.write(head.encode() + body)
        return await self._answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        # uvloop's transports do not inherit from asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the engine closed the connection"))

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`; every answer of an engine has a Content-Length."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or self._answer is None:
            return
        lengths = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if len(body) < lengths[0]:
            return
        if head.split(b" ", 2)[1] == b"200":
            self._answer.set_result(bytes(body))
        else:
            self._answer.set_exception(RuntimeError(bytes(head.split(b"\r\n")[0] + b" " + body[:300]).decode()))


@asynccontextmanager
async def open_connections(engine: EngineProcess, number: int = CONNECTIONS) -> AsyncIterator[list[Connection]]:
    """Have connections to an engine while the block runs."""
    found = [Connection(engine.port) for _ in range(number)]
    try:
        yield found
    finally:
        for each in found:
            each.close()


async def share_work(
    connections: Iterable[Connection], work: Iterable[T], do: Callable[[Connection, T], Awaitable[None]]
) -> None:
    """Do pieces of work, one after another on each connection."""
    pieces = iter(work)

    async def take_pieces(connection: Connection) -> None:
        for piece in pieces:
            await do(connection, piece)

    await asyncio.gather(*map(take_pieces, connections))


class Stopwatch:
    """Measures the time, and the processor time of this process and of an engine, within a `with` block."""

    def __init__(self, engine: EngineProcess) -> None:
        self._engine = engine
        self.seconds = self.client_cores = self.server_cores = 0.0

    def __enter__(self) -> "Stopwatch":
        self._start = time.perf_counter(), time.process_time(), processor_seconds(self._engine.pid)
        return self

    def __exit__(self, *_: object) -> None:
        started, client, server = self._start
        self.seconds = time.perf_counter() - started
        self.client_cores = (time.process_time() - client) / self.seconds
        self.server_cores = (processor_seconds(self._engine.pid) - server) / self.seconds

    def result(self, messages: int) -> Json:
        """Return the figures of a measure that handled messages."""
        return {
            "messages_per_s": messages / self.seconds,
            "client_cores": round(self.client_cores, 2),
            "server_cores": round(self.server_cores, 2),
        }


def run_loop(work: Coroutine[Json, Json, T]) -> T:
    """Run a coroutine on a new, fast event loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
