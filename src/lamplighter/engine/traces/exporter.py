"""Send spans to a collector, by OTLP over HTTP.

Guarantees an end in bounded time: a few attempts, with growing pauses, for failures that the specification calls
retryable. See https://opentelemetry.io/docs/specs/otlp/#failures-1.
"""

import gzip
import logging
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from lamplighter import __version__
from lamplighter.base.threads import run_in_thread
from lamplighter.engine.traces import otlp_json, otlp_protobuf
from lamplighter.engine.traces.settings import TraceSettings
from lamplighter.outbound.port import DeliveryFailed, Http, HttpRequest
from lamplighter.runs.history.run_spans import Span

RETRY_SECONDS = (1, 2, 4, 8)
"""The pauses before the attempts that follow the first one."""
RETRYABLE_STATUSES = (429, 502, 503, 504)
MAX_ANSWER_BYTES = 65_536
SCOPE = {"name": "lamplighter", "version": __version__}
CONTENT_TYPES = {"http/json": "application/json", "http/protobuf": "application/x-protobuf"}

log = logging.getLogger("lamplighter.traces")


class Exporter:
    """Sends the spans of one engine."""

    def __init__(self, settings: TraceSettings, http: Http, pause: Callable[[float], Awaitable[bool]]) -> None:
        """`pause` waits for some seconds; it returns False if the engine stops, so that no attempt should follow."""
        self._settings = settings
        self._http = http
        self._pause = pause
        self._place = urlsplit(settings.url).hostname
        """The collector as the log names it: the URL may have a password."""
        self._has_failed = False
        """Whether the latest spans were not delivered: a failure is logged once."""

    async def send(self, spans: Sequence[Span]) -> bool:
        """Send spans in one request; return whether the collector accepted them."""
        request = await run_in_thread(lambda: self._request(spans))
        failure = ""
        for seconds in (*RETRY_SECONDS, None):
            failure, retryable = await self._try(request)
            if not failure:
                if self._has_failed:
                    log.info("traces are sent to %s again", self._place)
                self._has_failed = False
                return True
            if not retryable or seconds is None or not await self._pause(seconds):
                break
        if not self._has_failed:
            log.warning("traces are lost: the collector %s does not accept them: %s", self._place, failure)
        self._has_failed = True
        return False

    async def _try(self, request: HttpRequest) -> tuple[str, bool]:
        """Return why an attempt failed and whether another one may succeed; the reason is empty if it succeeded."""
        try:
            answer = await self._http.request(request, self._settings.timeout_seconds, MAX_ANSWER_BYTES)
        except DeliveryFailed as error:
            return str(error), error.retryable
        if 200 <= answer.status < 300:
            return "", False
        return f"status {answer.status} {answer.reason}".strip(), answer.status in RETRYABLE_STATUSES

    def _request(self, spans: Sequence[Span]) -> HttpRequest:
        settings = self._settings
        encode = otlp_json.encode_request if settings.protocol == "http/json" else otlp_protobuf.encode_request
        body = encode(settings.resource, SCOPE, spans)
        headers = {"Content-Type": CONTENT_TYPES[settings.protocol], "User-Agent": f"lamplighter/{__version__}"}
        if settings.gzip:
            body, headers = gzip.compress(body), {**headers, "Content-Encoding": "gzip"}
        return HttpRequest("POST", settings.url, {**headers, **settings.headers}, body)
