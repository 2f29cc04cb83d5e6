"""Real servers of mail and of the web, on ports of their own, that answer as a test tells them to."""

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
    """Takes mail, unless it is told what to answer."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    senders: list[str | None] = field(default_factory=list)
    to_recipients: list[str] = field(default_factory=list)
    """Answers to the next recipients."""
    to_data: list[str] = field(default_factory=list)
    """Answers to the next mails; an empty one is silence."""
    logins: list[bytes] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: smtp.SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_recipients:
            return self.to_recipients.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: smtp.SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.to_data:
            return self.to_data.pop(0) or await _forever()
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
    """A mail server; with `login` it takes mail from `night` with the password `p@ss` only."""
    handler = MailServer()
    context: ssl.SSLContext | None = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)

    def judge(server: smtp.SMTP, session: Session, envelope: Envelope, mechanism: str, given: object) -> AuthResult:
        assert isinstance(given, LoginPassword)
        handler.logins.append(given.login)
        return AuthResult(success=(given.login, given.password) == (b"night", b"p@ss"), handled=False)

    def protocol() -> smtp.SMTP:
        options: dict[str, Json] = (
            {"authenticator": judge, "auth_required": True, "auth_require_tls": False} if login else {}
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of a password that goes unencrypted, here over the loopback
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
    """Remembers what is posted, and answers as it is told to."""

    url: str = ""
    posts: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    """Path, headers, body."""
    answers: list[int] = field(default_factory=list)
    """To the next posts; 200 when there are none."""
    replies: list[HttpResponse] = field(default_factory=list)
    """To the next requests, before the answers."""
    silent: asyncio.Event = field(default_factory=asyncio.Event)
    """/silent answers once it is set."""
    most: int = 0
    """How many posts were under way at once."""
    _now: int = 0

    async def handle(self, request: web.Request) -> web.Response:
        self._now += 1
        self.most = max(self.most, self._now)
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
            self._now -= 1


@asynccontextmanager
async def web_server() -> AsyncIterator[WebServer]:
    """A web server."""
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
    """A port on which nobody listens, and nobody else begins to."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        yield port
