"""What every outbound port guarantees, the fakes included: it delivers, or `DeliveryFailed` states whether to retry."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from pathlib import Path

import pytest

from lamplighter.engine.lazy.lazy_http import LazyHttp
from lamplighter.outbound.http import HttpClient
from lamplighter.outbound.mail import MailFolder, SmtpMail
from lamplighter.outbound.mail_server import parse_mail_server
from lamplighter.outbound.port import DeliveryFailed, Http, HttpRequest, HttpResponse, Mail, Programs
from lamplighter.outbound.program import ShellPrograms
from tests.contracts.servers import mail_server, web_server
from tests.fake_outbound import FakeHttp, FakeMail, FakePrograms


def mail(text: str = "the batch failed") -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["To"] = "ops@example.com"
    message["Subject"] = "실패: Night"
    message["Message-ID"] = "<m-1.s-1@sns.lamplighter>"
    message.set_content(text)
    return message


# --- mail -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MailRig:
    out: Mail
    read: Callable[[], list[EmailMessage]]
    refuse: Callable[[str], None] | None
    """Let the next mail be rejected with an SMTP reply."""


@asynccontextmanager
async def fake_mail(_tmp_path: Path) -> AsyncIterator[MailRig]:
    out = FakeMail()

    def refuse(reply: str) -> None:
        out.failures.append(DeliveryFailed(reply, retryable=reply.startswith("4")))

    yield MailRig(out, lambda: out.sent, refuse)


@asynccontextmanager
async def smtp_mail(_tmp_path: Path) -> AsyncIterator[MailRig]:
    async with mail_server() as server:
        out = SmtpMail(parse_mail_server(f"smtp://127.0.0.1:{server.port}?from=engine@box.example"))
        yield MailRig(out, lambda: server.mails, server.data_replies.append)


@asynccontextmanager
async def folder_mail(tmp_path: Path) -> AsyncIterator[MailRig]:
    folder = tmp_path / "mail"

    def read() -> list[EmailMessage]:
        files = sorted(folder.glob("*.eml"))
        return [message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=SMTP) for path in files]

    yield MailRig(MailFolder(folder), read, None)


MAIL_RIGS = {"fake": fake_mail, "smtp": smtp_mail, "folder": folder_mail}


@pytest.fixture(params=MAIL_RIGS)
async def mail_rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MailRig]:
    async with MAIL_RIGS[request.param](tmp_path) as rig:
        yield rig


async def test_a_mail_arrives_as_it_was_written(mail_rig: MailRig) -> None:
    text = "실패\n.\nFrom here\n" + "x" * 3000 + "\n"
    await mail_rig.out.send(mail(text), 'The "night" — 夜')
    (arrived,) = mail_rig.read()
    assert (arrived["To"], arrived["Subject"], arrived["Message-ID"]) == (
        "ops@example.com",
        "실패: Night",
        "<m-1.s-1@sns.lamplighter>",
    )
    assert arrived["From"].addresses[0].display_name == 'The "night" — 夜'
    assert arrived.get_content().replace("\r\n", "\n") == text


async def test_a_temporary_rejection_is_retryable_and_a_permanent_one_is_not(mail_rig: MailRig) -> None:
    if mail_rig.refuse is None:
        pytest.skip("a folder refuses nothing")
    for reply, retryable in (("451 busy", True), ("554 never", False)):
        mail_rig.refuse(reply)
        with pytest.raises(DeliveryFailed, match=reply) as error:
            await mail_rig.out.send(mail(), "Night")
        assert error.value.retryable is retryable
    await mail_rig.out.send(mail(), "Night")
    assert len(mail_rig.read()) == 1


# --- web --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WebRig:
    out: Http
    url: str
    answer: Callable[[int], None]
    reply: Callable[[HttpResponse], None]
    read: Callable[[], list[tuple[str, bytes]]]
    """The header X-Kind and the body of each post."""


@asynccontextmanager
async def fake_web() -> AsyncIterator[WebRig]:
    out = FakeHttp()
    yield WebRig(
        out,
        "http://x",
        out.statuses.append,
        out.responses.append,
        lambda: [(post.headers["X-Kind"], post.body) for post in out.posts],
    )


@asynccontextmanager
async def http_web(build: Callable[[], Http] = HttpClient) -> AsyncIterator[WebRig]:
    async with web_server() as server:
        out = build()
        yield WebRig(
            out,
            server.url,
            server.answers.append,
            server.replies.append,
            lambda: [(headers["X-Kind"], body) for _, headers, body in server.posts],
        )
        await out.close()


WEB_RIGS: dict[str, Callable[[], AbstractAsyncContextManager[WebRig]]] = {
    "fake": fake_web,
    "http": http_web,
    "lazy": partial(http_web, LazyHttp),
}


@pytest.fixture(params=WEB_RIGS)
async def web_rig(request: pytest.FixtureRequest) -> AsyncIterator[WebRig]:
    async with WEB_RIGS[request.param]() as rig:
        yield rig


async def test_a_post_arrives_and_its_status_is_returned(web_rig: WebRig) -> None:
    for status in (200, 204, 301, 404, 429, 500):
        web_rig.answer(status)
        assert await web_rig.out.post(f"{web_rig.url}/hook", {"X-Kind": "k"}, b"\0body") == status
    assert web_rig.read() == [("k", b"\0body")] * 6


async def test_a_request_returns_status_headers_and_body_up_to_a_limit(web_rig: WebRig) -> None:
    web_rig.reply(HttpResponse(418, "I'm a Teapot", (("X-A", "1"), ("X-A", "2")), b"0123456789"))
    reply = await web_rig.out.request(HttpRequest("POST", f"{web_rig.url}/x", {"X-Kind": "k"}, b"body"), 60, 4)
    assert (reply.status, reply.reason, reply.body) == (418, "I'm a Teapot", b"0123")
    assert [value for name, value in reply.headers if name == "X-A"] == ["1", "2"]


# --- programs ---------------------------------------------------------------------------------------------------------

PROGRAMS: dict[str, Callable[[], Programs]] = {"fake": FakePrograms, "shell": ShellPrograms}


@pytest.mark.parametrize("kind", PROGRAMS)
async def test_a_program_that_exits_with_0_succeeds(kind: str) -> None:
    run: Awaitable[None] = PROGRAMS[kind]().run("true", b"x" * 1_000_000, {})
    await run
