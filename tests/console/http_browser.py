"""A browser without a screen: the console over an engine in this process, asked for pages and sent forms."""

import asyncio
import html
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

from lamplighter.base.json_text import Json
from lamplighter.console.app import build_app
from lamplighter.console.ports.local import LocalPort
from lamplighter.wire.access.credentials import CredentialSet
from tests.engine_harness import EngineHarness

HOST = "127.0.0.1:4566"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def text(self) -> str:
        """What a reader sees: without tags, and white space as one space."""
        return " ".join(html.unescape(re.sub("<[^>]+>", " ", self.body)).split())


class Browser:
    """Keeps its cookies, follows where a form leads."""

    def __init__(self, harness: EngineHarness, holders: CredentialSet | None = None) -> None:
        self.harness = harness
        self.closing = asyncio.Event()
        self._app = build_app(LocalPort(harness.engine), harness.engine.world, self.closing, holders)
        self.cookies: dict[str, str] = {}

    def get(self, url: str, **headers: str) -> Answer:
        """A page."""
        return self._send("GET", url, b"", headers)

    def post(self, url: str, fields: Mapping[str, str], **headers: str) -> Answer:
        """Press a button of a form, and go where it leads."""
        answer = self.press(url, fields, **headers)
        return self.get(answer.headers["location"]) if answer.status == 303 else answer

    def press(self, url: str, fields: Mapping[str, str], **headers: str) -> Answer:
        """Press a button of a form: with its token, and from a page of ours."""
        if not self.cookies:
            self.get("/")
        given = {"token": self.cookies.get("lamplighter-form", ""), **fields}
        sent = {"origin": f"http://{HOST}", "content-type": "application/x-www-form-urlencoded"} | headers
        return self._send("POST", url, urlencode(given).encode(), sent)

    def follow(self, url: str) -> list[str]:
        """Open a stream; what comes is added to the list."""
        heard: list[str] = []

        async def send(message: Json) -> None:
            heard.append(message.get("body", b"").decode())

        async def asked() -> None:
            await self._app(self._scope("GET", url, {}), _sending(b""), send)

        self.harness.set_off(asked())
        return heard

    def _send(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        sent: list[Json] = []

        async def send(message: Json) -> None:
            sent.append(message)

        async def asked() -> None:
            await self._app(self._scope(method, url, headers), _sending(body), send)

        self.harness.run(asked())
        heads = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        for name, morsel in SimpleCookie(heads.get("set-cookie", "")).items():
            self.cookies[name] = morsel.value
        text = b"".join(message.get("body", b"") for message in sent[1:]).decode()
        return Answer(sent[0]["status"], heads, text)

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


def _sending(body: bytes) -> Callable[[], Awaitable[Json]]:
    """What the application reads: a body, and then nothing more, while the peer stays."""
    arrived = [body]

    async def receive() -> Json:
        if not arrived:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": arrived.pop(), "more_body": False}

    return receive
