"""An engine that gets requests as its web server would pass them on, with a clock that the fuzz moves."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from lamplighter.base.json_text import Json
from lamplighter.engine.config import EngineConfig, RuntimeChoice
from lamplighter.engine.engine import Engine
from lamplighter.server import HttpServer
from lamplighter.wire.access.host_header import AllowedHosts
from tests.engine_harness import EngineHarness
from tests.fake_outbound import FakeOutbound
from tests.fuzz.serialized_requests import FuzzAnswer, FuzzRequest
from tests.inline_isolation import InlineIsolation

CALLER_GONE = FuzzAnswer(0, {}, b"")
"""What a caller sees that goes away while its request waits."""


class Hang(AssertionError):
    """A request has no answer although its caller has gone away."""


class ErrorRecords(logging.Handler):
    """Keeps what the engine reports as its own errors."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text of a record with a stack trace: other errors are about deliveries and jobs."""
        if record.exc_info:
            self.texts.append(logging.Formatter("%(name)s: %(message)s").format(record))


class FuzzedEngine(EngineHarness):
    """A harness whose engine answers HTTP requests."""

    @classmethod
    @contextmanager
    def recorded(cls, directory: Json) -> Iterator[tuple[Self, ErrorRecords]]:
        """Yield an engine that runs, and what it reports as errors."""
        records = ErrorRecords()
        logger = logging.getLogger("lamplighter")
        logger.addHandler(records)
        try:
            with cls.running(directory) as engine:
                yield engine, records
        finally:
            logger.removeHandler(records)

    async def _open(self) -> Engine:
        config = EngineConfig(data_directory=self.directory, runtime=RuntimeChoice.PROCESS)
        return await Engine.open(config, self._world, self.runtime, FakeOutbound().outbound, InlineIsolation())

    def request(self, request: FuzzRequest) -> FuzzAnswer:
        """Send a request; if it waits, go away, as a caller does whose patience ends. Raises `Hang`."""
        sent: list[Json] = []
        gone = asyncio.Event()
        messages: list[Json] = [{"type": "http.request", "body": request.body, "more_body": False}]

        async def receive() -> Json:
            if messages:
                return messages.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Json) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": request.method, "raw_path": request.path.encode(),
            "query_string": request.query.encode("latin-1", "replace"), "headers": request.headers,
        }  # fmt: skip
        server = HttpServer(self.engine, AllowedHosts())
        loop = self._loops[-1]
        task = loop.create_task(server(scope, receive, send))
        task.add_done_callback(lambda _task: loop.stop())
        loop.settle()
        if not task.done():
            gone.set()
            loop.settle()
            if not task.done():
                raise Hang(f"{request} has no answer")
        task.result()
        if not sent:
            return CALLER_GONE
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return FuzzAnswer(sent[0]["status"], headers, b"".join(each.get("body", b"") for each in sent[1:]))
