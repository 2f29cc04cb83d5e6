"""Call a monitoring service each minute while the engine works, so that the service alerts somebody when it does not.

This is a dead man's switch: an engine that is gone, hangs or has no network cannot report that, but its calls stop.
Guarantees that a call means that the event loop turns and the database took a write just now. If the engine lives but
does not do its work, the failure is reported at once, with the reason. What affects only a part of the work, such as a
Docker that does not answer, is not reported here, but to the channels of the jobs. An engine that stops says nothing:
somebody should hear of one that was stopped and forgotten. The URL is a secret, so the log names its host only.

See https://healthchecks.io/docs/http_api/ (`URL/fail`, which Better Stack has as well),
https://cronitor.io/docs/telemetry-api (`?state=`) and Uptime Kuma's push monitors (`?status=`).
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from lamplighter.base.background_tasks import running
from lamplighter.base.errors import LamplighterError
from lamplighter.engine import file_descriptors, health
from lamplighter.engine.engine import Engine
from lamplighter.engine.lazy.lazy_http import LazyHttp
from lamplighter.outbound.port import DeliveryFailed, Http, HttpRequest
from lamplighter.store import engine_id

log = logging.getLogger("lamplighter.engine")

INTERVAL_SECONDS = 60.0
TIMEOUT_SECONDS = 20.0
"""Seconds for a call, and for the write that precedes it."""
FILES = 2
"""The open files that a call may need; jobs need theirs more."""
FAILURE_WORDS = {"state": ("fail", "message"), "status": ("down", "msg")}
"""For a service whose state is a parameter of the query: the value for a failure, and the parameter of its reason."""
MAX_REASON_LENGTH = 1_000


class InvalidHeartbeatUrl(LamplighterError):
    """The URL of a heartbeat cannot be called."""


@dataclass(slots=True)
class Heartbeat:
    """The calls of one engine to one monitoring service."""

    engine: Engine
    url: str
    http: Http
    interval_seconds: float = INTERVAL_SECONDS
    timeout_seconds: float = TIMEOUT_SECONDS
    _probe: "asyncio.Future[None] | None" = field(default=None, init=False)
    """The write that shows whether the database takes writes, while it is under way."""
    _is_failing: bool = field(default=False, init=False)
    """Whether the last call failed."""

    async def run(self) -> None:
        """Call the service regularly, for ever."""
        while True:
            reasons = await self._find_failures()
            await self._call(failure_request(self.url, reasons) if reasons else HttpRequest("GET", self.url, {}, None))
            await asyncio.sleep(self.interval_seconds)

    async def _find_failures(self) -> list[str]:
        """Return why the engine does not do its work; an empty list if it does."""
        write_error = await self._try_write()
        try:
            found = [
                f"{each.name}: {each.reason}" for each in health.read_health(self.engine).conditions if each.stops_work
            ]
        except Exception as error:
            log.exception("the engine's health could not be read")
            found = [f"health: {error}"]
        return found or ([write_error] if write_error else [])

    async def _try_write(self) -> str:
        """Write to the database; return why that is not possible, or "". A disk that hangs delays only this check."""
        if self._probe is None:
            self._probe = self.engine.store.write(engine_id.write_probe)
        await asyncio.wait([self._probe], timeout=self.timeout_seconds)
        if not self._probe.done():
            return f"data-directory: a write takes longer than {self.timeout_seconds:g} s"
        error, self._probe = self._probe.exception(), None
        return f"data-directory: {error}" if error is not None else ""

    async def _call(self, request: HttpRequest) -> None:
        """Send a request; log the first failure of several, and the first success after it."""
        host = urlsplit(self.url).hostname
        try:
            problem = await self._send(request)
        except Exception as error:  # noqa: BLE001 - nothing may end the calls, and the text may have the URL in it
            problem = f"an unexpected {type(error).__name__}"
        if problem and not self._is_failing:
            log.warning("the heartbeat to %s failed: %s; it is tried again each minute", host, problem)
        elif not problem and self._is_failing:
            log.info("the heartbeat to %s works again", host)
        self._is_failing = bool(problem)

    async def _send(self, request: HttpRequest) -> str:
        """Send a request; return why that failed, without the URL, or ""."""
        if not file_descriptors.has_room(FILES, reserve=0):
            return "too many files are open"
        try:
            answer = await self.http.request(request, self.timeout_seconds, max_bytes=0)
        except DeliveryFailed as error:
            return str(error).replace(request.url, "the URL").replace(self.url, "the URL")
        return "" if answer.status < 300 else f"it answered {answer.status} {answer.reason}".strip()


def check_url(url: str) -> str:
    """Return a URL that can be called. Raises `InvalidHeartbeatUrl`, whose text does not have the URL in it."""
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid or parts.fragment or any(each.isspace() for each in url):
        raise InvalidHeartbeatUrl("the URL of --heartbeat is not valid: use one such as https://hc-ping.com/UUID")
    return url


def failure_request(url: str, reasons: list[str]) -> HttpRequest:
    """Return the request that reports a failure by the service's protocol."""
    text, parts = "\n".join(reasons), urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    for name, (failed, message) in FAILURE_WORDS.items():
        if any(key == name for key, _ in query):
            others = [(key, value) for key, value in query if key not in (name, message)]
            said = [*others, (name, failed), (message, text[:MAX_REASON_LENGTH])]
            return HttpRequest("GET", parts._replace(query=urlencode(said)).geturl(), {}, None)
    path = f"{parts.path.rstrip('/')}/fail"
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    return HttpRequest("POST", parts._replace(path=path).geturl(), headers, text.encode())


@asynccontextmanager
async def sending_heartbeats(engine: Engine, url: str | None) -> AsyncIterator[None]:
    """Call the service while the block runs; do nothing without a URL."""
    if url is None:
        yield
        return
    http = LazyHttp()
    try:
        async with running(Heartbeat(engine, url, http).run()):
            yield
    finally:
        await http.close()
