"""What SNS and HTTP tasks need of the world beyond this engine; `fake.py` is the same for tests.

Promises one attempt each, bounded in time, and an `DeliveryFailed` that says whether another attempt has a chance.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol

from lamplighter.base.errors import LamplighterError


class DeliveryFailed(LamplighterError):
    """It is not there, or nobody knows whether it is."""

    def __init__(self, reason: str, *, again: bool) -> None:
        super().__init__(reason)
        self.again = again
        """Whether another attempt has a chance."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What a web server is asked."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What a web server answered."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Mail(Protocol):
    """Sends mail, or keeps it for a person to read."""

    @property
    def sends(self) -> bool:
        """Whether a mail server takes it."""

    async def send(self, message: EmailMessage, name: str) -> None:
        """Send one mail to whom it names, from this engine under a name; Undelivered where it was not taken."""


class Web(Protocol):
    """Speaks to web servers."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Post; the status of the answer. Undelivered where there was none."""

    async def ask(self, request: HttpRequest, patience: float, most: int) -> HttpReply:
        """Ask; the answer with at most `most` bytes of its body. Undelivered where none came in `patience` seconds."""

    async def close(self) -> None:
        """Let go of all connections."""


class Programs(Protocol):
    """Runs command lines."""

    async def run(self, command: str, given: bytes, environment: Mapping[str, str]) -> None:
        """Run to the end, with what it is given on its standard input; Undelivered where it does not end with 0."""


@dataclass(frozen=True, slots=True)
class Outbound:
    """The ways out of one engine."""

    mail: Mail
    web: Web
    programs: Programs
