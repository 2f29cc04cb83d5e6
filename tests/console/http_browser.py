"""A browser without a screen: requests pages and sends forms to the console of an engine in this process."""

import asyncio
import html
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

from lamplighter.base.json_text import Json, loads
from lamplighter.console.app import build_app
from lamplighter.console.ports.local import LocalPort
from lamplighter.wire.access.credentials import CredentialSet
from lamplighter.wire.access.people import People, no_users
from lamplighter.wire.access.users import Users
from tests.engine_harness import EngineHarness

HOST = "127.0.0.1:4566"


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def text(self) -> str:
        """The text that a reader sees: without tags, with white space collapsed."""
        return " ".join(html.unescape(re.sub("<[^>]+>", " ", self.body)).split())


class Browser:
    """A client of the console that keeps its cookies and follows the redirects of forms."""

    def __init__(
        self,
        harness: EngineHarness,
        credentials: CredentialSet | None = None,
        read_users: Callable[[], Users] = no_users,
    ) -> None:
        self.harness = harness
        self.closing = asyncio.Event()
        people = None if credentials is None else People(credentials, read_users)
        self._app = build_app(LocalPort(harness.engine), harness.engine.world, self.closing, people)
        self.cookies: dict[str, str] = {}

    def get(self, url: str, **headers: str) -> Response:
        """Request a page."""
        return self._send("GET", url, b"", headers)

    def post(self, url: str, fields: Mapping[str, str], **headers: str) -> Response:
        """Send a form with its token and follow the redirect."""
        answer = self.post_form(url, fields, **headers)
        return self.get(answer.headers["location"]) if answer.status == 303 else answer

    def post_form(self, url: str, fields: Mapping[str, str], **headers: str) -> Response:
        """Send a form with its token, as from a page of the console."""
        if not self.cookies:
            self.get("/")
        given = {"token": self.cookies.get("lamplighter-form", ""), **fields}
        sent = {"origin": f"http://{HOST}", "content-type": "application/x-www-form-urlencoded"} | headers
        return self._send("POST", url, urlencode(given).encode(), sent)

    def post_together(self, url: str, fields: Mapping[str, str], times: int) -> list[int]:
        """Send a form several times at once, and return the statuses of the answers."""
        body = urlencode({"token": self.cookies.get("lamplighter-form", ""), **fields}).encode()
        headers = {"origin": f"http://{HOST}", "content-type": "application/x-www-form-urlencoded"}
        statuses: list[int] = []

        async def send(message: Json) -> None:
            if "status" in message:
                statuses.append(message["status"])

        async def request() -> None:
            app, scopes = self._app, [self._scope("POST", url, headers) for _ in range(times)]
            await asyncio.gather(*(app(scope, _receive_body(body), send) for scope in scopes))

        self.harness.run(request())
        return statuses

    def open_stream(self, url: str) -> list[str]:
        """Open an event stream, and return the list to which its data is appended."""
        received: list[str] = []

        async def send(message: Json) -> None:
            received.append(message.get("body", b"").decode())

        async def request() -> None:
            await self._app(self._scope("GET", url, {}), _receive_body(b""), send)

        self.harness.start_in_background(request())
        return received

    def _send(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
        sent: list[Json] = []

        async def send(message: Json) -> None:
            sent.append(message)

        async def request() -> None:
            await self._app(self._scope(method, url, headers), _receive_body(body), send)

        self.harness.run(request())
        response_headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        for name, morsel in SimpleCookie(response_headers.get("set-cookie", "")).items():
            self.cookies[name] = morsel.value
        text = b"".join(message.get("body", b"") for message in sent[1:]).decode()
        return Response(sent[0]["status"], response_headers, text)

    def _scope(self, method: str, url: str, headers: Mapping[str, str]) -> Json:
        parts = urlsplit(url)
        given = {"host": HOST, "cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        return {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "root_path": "",
            "query_string": parts.query.encode(),
            "client": ("192.0.2.9", 50000),
            "headers": [
                (name.replace("_", "-").encode(), value.encode()) for name, value in {**given, **headers}.items()
            ],
        }


def stream_events(received: Sequence[str]) -> list[Json]:
    """Return the events of a combined stream (`console/pages/event_streams.py`)."""
    lines = "".join(received).splitlines()
    return [loads(line.removeprefix("data: ")) for line in lines if line]


def _receive_body(body: bytes) -> Callable[[], Awaitable[Json]]:
    """Return an ASGI `receive` that yields the body once and then blocks, like a client that stays connected."""
    arrived = [body]

    async def receive() -> Json:
        if not arrived:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": arrived.pop(), "more_body": False}

    return receive
