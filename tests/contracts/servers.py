"""Real SMTP and HTTP servers on free ports, which answer as a test sets."""

import asyncio
import socket
import ssl
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from aiohttp import web
from aiosmtpd import smtp
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from multidict import CIMultiDict

from lamplighter.base.json_text import Json
from lamplighter.outbound.port import HttpResponse


@dataclass(slots=True)
class MailServer:
    """An SMTP server that accepts mail unless a test sets other replies."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    senders: list[str | None] = field(default_factory=list)
    recipient_replies: list[str] = field(default_factory=list)
    """Replies to the next recipients."""
    data_replies: list[str] = field(default_factory=list)
    """Replies to the next mails; an empty reply means that the server stays silent."""
    logins: list[bytes] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: smtp.SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient_replies:
            return self.recipient_replies.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: smtp.SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data_replies:
            return self.data_replies.pop(0) or await _forever()
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, _class=EmailMessage, policy=SMTP)
        self.mails.append(mail)
        self.senders.append(envelope.mail_from)
        return "250 OK"


async def _forever() -> str:
    await asyncio.Event().wait()
    raise AssertionError


@asynccontextmanager
async def mail_server(
    *, login: bool = False, certificate: tuple[Path, Path] | None = None
) -> AsyncIterator[MailServer]:
    """Run a mail server; with `login`, it accepts mail only from the user `night` with the password `p@ss`."""
    handler = MailServer()
    context: ssl.SSLContext | None = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)

    def authenticate(
        server: smtp.SMTP, session: Session, envelope: Envelope, mechanism: str, given: object
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        handler.logins.append(given.login)
        return AuthResult(success=(given.login, given.password) == (b"night", b"p@ss"), handled=False)

    def protocol() -> smtp.SMTP:
        options: dict[str, Json] = (
            {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False} if login else {}
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of passwords that are not encrypted; they only cross the loopback
            return smtp.SMTP(handler, hostname="mail.test", enable_SMTPUTF8=True, tls_context=context, **options)

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    handler.port = server.sockets[0].getsockname()[1]
    try:
        yield handler
    finally:
        server.close()
        await server.wait_closed()


@dataclass(slots=True)
class WebServer:
    """An HTTP server that records posts and answers as a test sets."""

    url: str = ""
    posts: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    """Path, headers and body of each post."""
    answers: list[int] = field(default_factory=list)
    """Status codes for the next posts; 200 if there are none."""
    replies: list[HttpResponse] = field(default_factory=list)
    """Responses to the next requests; they are used before `answers`."""
    silent: asyncio.Event = field(default_factory=asyncio.Event)
    """The event after which /silent answers."""
    max_concurrent: int = 0
    """The most posts that were under way at the same time."""
    _under_way: int = 0

    async def handle(self, request: web.Request) -> web.Response:
        self._under_way += 1
        self.max_concurrent = max(self.max_concurrent, self._under_way)
        try:
            self.posts.append((request.path, dict(request.headers), await request.read()))
            if request.path == "/silent":
                await self.silent.wait()
            if self.replies:
                reply = self.replies.pop(0)
                return web.Response(
                    status=reply.status, reason=reply.reason, headers=CIMultiDict(reply.headers), body=reply.body
                )
            status = self.answers.pop(0) if self.answers else 200
            headers = {"Location": f"{self.url}/elsewhere"} if 300 <= status < 400 else {}
            return web.Response(status=status, headers=headers, body=b"x" * 100_000)
        finally:
            self._under_way -= 1


@asynccontextmanager
async def web_server() -> AsyncIterator[WebServer]:
    """Run a web server."""
    handler = WebServer()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    handler.url = f"http://127.0.0.1:{port}"
    try:
        yield handler
    finally:
        handler.silent.set()
        await runner.cleanup()


@contextmanager
def closed_port() -> Iterator[int]:
    """Yield a port on which no process listens, and which no other process can bind."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        yield port
