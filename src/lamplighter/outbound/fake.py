"""The ways out for tests: they keep what was given to them, and fail as they are told to."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.headerregistry import Address
from email.message import EmailMessage

from lamplighter.outbound.port import DeliveryFailed, HttpReply, HttpRequest, Outbound


@dataclass(frozen=True, slots=True)
class SentRequest:
    """What was posted."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class ProgramRun:
    """What was run."""

    command: str
    given: bytes
    environment: Mapping[str, str]


@dataclass(slots=True)
class FakeMail:
    """Takes mail."""

    sends: bool = True
    sent: list[EmailMessage] = field(default_factory=list)
    failures: deque[DeliveryFailed] = field(default_factory=deque)
    """What the next mails meet."""

    async def send(self, message: EmailMessage, name: str) -> None:
        """Take a mail, or fail."""
        message["From"] = Address(name, addr_spec="lamplighter@localhost")
        if self.failures:
            raise self.failures.popleft()
        self.sent.append(message)


@dataclass(slots=True)
class FakeHttp:
    """Answers posts."""

    posts: list[SentRequest] = field(default_factory=list)
    answers: deque[int | DeliveryFailed] = field(default_factory=deque)
    """What the next posts meet; 200 when there are none."""
    held: asyncio.Event | None = None
    """No answer comes before it is set."""
    asked: list[HttpRequest] = field(default_factory=list)
    replies: deque[HttpReply | DeliveryFailed] = field(default_factory=deque)
    """What the next requests meet; an empty 200 when there are none."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Answer."""
        self.posts.append(SentRequest(url, dict(headers), body))
        if self.held is not None:
            await self.held.wait()
        answer = self.answers.popleft() if self.answers else 200
        if isinstance(answer, DeliveryFailed):
            raise answer
        return answer

    async def ask(self, request: HttpRequest, patience: float, most: int) -> HttpReply:  # noqa: ARG002 - the port's
        """Answer."""
        self.asked.append(request)
        reply = self.replies.popleft() if self.replies else HttpReply(200, "OK", (), b"")
        if isinstance(reply, DeliveryFailed):
            raise reply
        return replace(reply, body=reply.body[:most])

    async def close(self) -> None:
        """Nothing to let go of."""


@dataclass(slots=True)
class FakePrograms:
    """Runs nothing, and says that it went well."""

    runs: list[ProgramRun] = field(default_factory=list)
    failures: deque[DeliveryFailed] = field(default_factory=deque)

    async def run(self, command: str, given: bytes, environment: Mapping[str, str]) -> None:
        """Remember, or fail."""
        self.runs.append(ProgramRun(command, given, dict(environment)))
        if self.failures:
            raise self.failures.popleft()


@dataclass(frozen=True, slots=True)
class FakeOutbound:
    """All of them."""

    mail: FakeMail = field(default_factory=FakeMail)
    web: FakeHttp = field(default_factory=FakeHttp)
    programs: FakePrograms = field(default_factory=FakePrograms)

    @property
    def outbound(self) -> Outbound:
        """As an engine is given them."""
        return Outbound(self.mail, self.web, self.programs)
