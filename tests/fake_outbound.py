"""Provide fakes of `outbound/port.py`; they record their calls and fail as the test demands."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path

from lamplighter.outbound.port import DeliveryFailed, HttpRequest, HttpResponse, Outbound


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A recorded POST request."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class ProgramRun:
    """A recorded run of a program."""

    command: str
    stdin: bytes
    environment: Mapping[str, str]


@dataclass(slots=True)
class FakeMail:
    """A fake mail server that records mails."""

    folder: Path | None = None
    sent: list[EmailMessage] = field(default_factory=list)
    failures: deque[DeliveryFailed] = field(default_factory=deque)
    """The errors for the next mails; a mail succeeds if there is none."""

    async def send(self, message: EmailMessage, name: str) -> None:
        """Record the mail, or raise the next failure."""
        message["From"] = Address(name, addr_spec="lamplighter@localhost")
        if self.failures:
            raise self.failures.popleft()
        self.sent.append(message)


@dataclass(slots=True)
class FakeHttp:
    """A fake HTTP client that records requests and returns prepared responses."""

    posts: list[SentRequest] = field(default_factory=list)
    statuses: deque[int | DeliveryFailed] = field(default_factory=deque)
    """The statuses or errors for the next POST requests; 200 if there is none."""
    release: asyncio.Event | None = None
    """No POST returns before this event is set."""
    requests: list[HttpRequest] = field(default_factory=list)
    responses: deque[HttpResponse | DeliveryFailed] = field(default_factory=deque)
    """The responses or errors for the next `request` calls; an empty 200 if there is none."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Record the POST and return the next status, or raise the next failure."""
        self.posts.append(SentRequest(url, dict(headers), body))
        if self.release is not None:
            await self.release.wait()
        answer = self.statuses.popleft() if self.statuses else 200
        if isinstance(answer, DeliveryFailed):
            raise answer
        return answer

    async def request(
        self, request: HttpRequest, timeout_seconds: float, max_bytes: int, *, needs_body: bool = False
    ) -> HttpResponse:
        """Record the request and return the next response, or raise the next failure."""
        self.requests.append(request)
        reply = self.responses.popleft() if self.responses else HttpResponse(200, "OK", (), b"")
        if isinstance(reply, DeliveryFailed):
            raise reply
        return replace(reply, body=reply.body[:max_bytes])

    async def close(self) -> None:
        """Do nothing, because there is no connection."""


@dataclass(slots=True)
class FakePrograms:
    """A fake that records command lines and runs nothing."""

    runs: list[ProgramRun] = field(default_factory=list)
    failures: deque[DeliveryFailed] = field(default_factory=deque)

    async def run(self, command: str, stdin: bytes, environment: Mapping[str, str]) -> None:
        """Record the run, or raise the next failure."""
        self.runs.append(ProgramRun(command, stdin, dict(environment)))
        if self.failures:
            raise self.failures.popleft()


@dataclass(frozen=True, slots=True)
class FakeOutbound:
    """The three fakes of one engine."""

    mail: FakeMail = field(default_factory=FakeMail)
    http: FakeHttp = field(default_factory=FakeHttp)
    programs: FakePrograms = field(default_factory=FakePrograms)

    @property
    def outbound(self) -> Outbound:
        """Return the fakes as the `Outbound` of an engine."""
        return Outbound(self.mail, self.http, self.programs)
