"""The ways out for tests: they keep what was given to them, and fail as they are told to."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.headerregistry import Address
from email.message import EmailMessage

from lamplighter.outbound.port import Outbound, Reply, Request, Undelivered


@dataclass(frozen=True, slots=True)
class Post:
    """What was posted."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Run:
    """What was run."""

    command: str
    given: bytes
    environment: Mapping[str, str]


@dataclass(slots=True)
class FakeMail:
    """Takes mail."""

    sends: bool = True
    sent: list[EmailMessage] = field(default_factory=list)
    failures: deque[Undelivered] = field(default_factory=deque)
    """What the next mails meet."""

    async def send(self, message: EmailMessage, name: str) -> None:
        """Take a mail, or fail."""
        message["From"] = Address(name, addr_spec="lamplighter@localhost")
        if self.failures:
            raise self.failures.popleft()
        self.sent.append(message)


@dataclass(slots=True)
class FakeWeb:
    """Answers posts."""

    posts: list[Post] = field(default_factory=list)
    answers: deque[int | Undelivered] = field(default_factory=deque)
    """What the next posts meet; 200 when there are none."""
    held: asyncio.Event | None = None
    """No answer comes before it is set."""
    asked: list[Request] = field(default_factory=list)
    replies: deque[Reply | Undelivered] = field(default_factory=deque)
    """What the next requests meet; an empty 200 when there are none."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Answer."""
        self.posts.append(Post(url, dict(headers), body))
        if self.held is not None:
            await self.held.wait()
        answer = self.answers.popleft() if self.answers else 200
        if isinstance(answer, Undelivered):
            raise answer
        return answer

    async def ask(self, request: Request, patience: float, most: int) -> Reply:  # noqa: ARG002 - the port's
        """Answer."""
        self.asked.append(request)
        reply = self.replies.popleft() if self.replies else Reply(200, "OK", (), b"")
        if isinstance(reply, Undelivered):
            raise reply
        return replace(reply, body=reply.body[:most])

    async def close(self) -> None:
        """Nothing to let go of."""


@dataclass(slots=True)
class FakePrograms:
    """Runs nothing, and says that it went well."""

    runs: list[Run] = field(default_factory=list)
    failures: deque[Undelivered] = field(default_factory=deque)

    async def run(self, command: str, given: bytes, environment: Mapping[str, str]) -> None:
        """Remember, or fail."""
        self.runs.append(Run(command, given, dict(environment)))
        if self.failures:
            raise self.failures.popleft()


@dataclass(frozen=True, slots=True)
class FakeWorld:
    """All of them."""

    mail: FakeMail = field(default_factory=FakeMail)
    web: FakeWeb = field(default_factory=FakeWeb)
    programs: FakePrograms = field(default_factory=FakePrograms)

    @property
    def outbound(self) -> Outbound:
        """As an engine is given them."""
        return Outbound(self.mail, self.web, self.programs)
