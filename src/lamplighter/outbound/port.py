"""Define the interfaces through which SNS and HTTP tasks reach mail servers, web servers and programs.

Guarantees one attempt per call, bounded in time. A failed call raises `DeliveryFailed`, which states whether another
attempt may succeed. `tests/fake_outbound.py` implements these interfaces, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from lamplighter.base.errors import AwsError


class DeliveryFailed(AwsError):
    """The error for a delivery that failed, or whose result is unknown."""

    code = "ERROR_FROM_TARGET"

    def __init__(self, reason: str, *, retryable: bool, retry_after: int = 0) -> None:
        super().__init__(reason, status=503 if retryable else 400)
        self.retryable = retryable
        self.retry_after = retry_after
        """The seconds that the target asked to wait before the next attempt."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request to a web server."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A web server's response."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Mail(Protocol):
    """An interface that sends mail, or stores it for a person to read."""

    @property
    def folder(self) -> Path | None:
        """The folder in which mails are stored; None if they go to a mail server."""

    async def send(self, message: EmailMessage, name: str) -> None:
        """Send one mail to its recipients, with `name` as the sender's name; raise `DeliveryFailed` if it fails."""


class Http(Protocol):
    """An HTTP client."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Send a POST and return the response's status; raise `DeliveryFailed` if there is no response."""

    async def request(
        self, request: HttpRequest, timeout_seconds: float, max_bytes: int, *, needs_body: bool = False
    ) -> HttpResponse:
        """Return the response with at most `max_bytes` of its body; raise `DeliveryFailed` if none arrives in time.

        With `needs_body`, that many bytes of the body, or all of it, have to arrive in time, too. Without it, the
        status decides, and the body is what arrives soon after it; a compressed one is left out.
        """

    async def close(self) -> None:
        """Close all connections."""


class Programs(Protocol):
    """An interface that runs command lines."""

    async def run(self, command: str, stdin: bytes, environment: Mapping[str, str]) -> None:
        """Run the command to its end with `stdin` as its input; raise `DeliveryFailed` if its exit code is not 0."""


@dataclass(frozen=True, slots=True)
class Outbound:
    """The interfaces through which one engine sends mail, calls web servers and runs programs."""

    mail: Mail
    http: Http
    programs: Programs
