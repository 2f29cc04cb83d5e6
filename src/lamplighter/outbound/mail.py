"""Send mail through an SMTP server, or store it in a folder if no server is configured.

Guarantees that the server has accepted the mail, or that the mail is on disk, when `send` returns. A mail that is
stored twice is one file, because the file is named after the Message-ID. The server is configured as a URL:
`smtp://user:password@host:port?from=address`, which uses STARTTLS if the server offers it, or `smtps://`, which uses
TLS from the first byte. `&tls=off` turns STARTTLS off, for a relay on this machine whose certificate is not signed.
See https://datatracker.ietf.org/doc/html/rfc5321.
"""

import asyncio
import logging
import re
import socket
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from lamplighter.base.errors import LamplighterError
from lamplighter.base.files import make_directory, write_file
from lamplighter.outbound.port import DeliveryFailed

log = logging.getLogger("lamplighter.outbound")

TIMEOUT_SECONDS = 30.0
"""Seconds for each SMTP command."""
MAX_CONNECTIONS = 4
DEFAULT_PORTS = {"smtp": 25, "smtps": 465}


class InvalidMailServer(LamplighterError):
    """The error for a URL that does not name a mail server."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server, the login for it, and the sender's address."""

    host: str
    port: int
    tls: bool
    """Whether TLS begins with the first byte."""
    starttls: bool
    """Whether STARTTLS is used if the server offers it."""
    user: str | None
    password: str | None
    sender: str
    """The address in the From header."""


def parse_mail_server(url: str) -> MailServer:
    """Parse the URL of a mail server; raise `InvalidMailServer` if it is invalid."""
    invalid = InvalidMailServer(
        "--smtp is not the URL of a mail server: use smtp://USER:PASSWORD@HOST:PORT or smtps://…"
    )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise invalid from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise invalid
    user = unquote(parts.username) if parts.username else None
    query = parse_qs(parts.query)
    default_sender = user if user and "@" in user else f"lamplighter@{socket.gethostname()}"
    sender = query.get("from", [default_sender])[0]
    if not re.fullmatch(r"[^\s<>@\"]+@[^\s<>@\"]+", sender):
        raise InvalidMailServer(f"the sender {sender} is not an email address")
    password = unquote(parts.password) if parts.password else None
    tls = parts.scheme == "smtps"
    starttls = not tls and query.get("tls") != ["off"]
    return MailServer(parts.hostname, port or DEFAULT_PORTS[parts.scheme], tls, starttls, user, password, sender)


class SmtpMail:
    """A mail client that uses aiosmtplib."""

    sends = True

    def __init__(self, server: MailServer, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._server = server
        self._timeout_seconds = timeout_seconds
        self._semaphore = asyncio.Semaphore(MAX_CONNECTIONS)

    async def send(self, message: EmailMessage, name: str) -> None:
        """Send one mail through the server; raise `DeliveryFailed` if the server does not accept it."""
        message["From"] = Address(name, addr_spec=self._server.sender)
        async with self._semaphore:
            try:
                async with smtp_client(self._server, self._timeout_seconds) as server:
                    await server.send_message(message)
            except aiosmtplib.SMTPRecipientsRefused as error:
                rejection = error.recipients[0]
                raise DeliveryFailed(f"{rejection.code} {rejection.message}", retryable=rejection.code < 500) from None
            except aiosmtplib.SMTPResponseException as error:
                raise DeliveryFailed(f"{error.code} {error.message}", retryable=_is_retryable(error)) from None
            except (aiosmtplib.SMTPException, OSError) as error:
                raise DeliveryFailed(f"{type(error).__name__}: {error}", retryable=True) from None


def smtp_client(server: MailServer, timeout_seconds: float) -> aiosmtplib.SMTP:
    """Return an SMTP client that, as a context manager, connects and logs in; the timeout is for each command."""
    return aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        use_tls=server.tls,
        start_tls=None if server.starttls else False,
        timeout=timeout_seconds,
    )


def _is_retryable(error: aiosmtplib.SMTPResponseException) -> bool:
    """Return whether another attempt may succeed. A failed login counts, because the user can correct the password."""
    return isinstance(error, aiosmtplib.SMTPAuthenticationError) or not 500 <= error.code < 600


class MailFolder:
    """A folder that stores mails as .eml files, for an engine without a mail server."""

    sends = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: EmailMessage, name: str) -> None:
        """Store one mail in the folder."""
        message["From"] = Address(name, addr_spec="lamplighter@localhost")
        try:
            await asyncio.to_thread(self._store, message)
        except OSError as error:
            raise DeliveryFailed(f"the mail could not be stored: {error}", retryable=True) from None

    def _store(self, message: EmailMessage) -> None:
        make_directory(self._folder)  # fails if the data directory is missing
        name = re.sub("[^A-Za-z0-9.-]", "", str(message["Message-ID"]).partition("@")[0])
        file = self._folder / f"{name}.eml"
        write_file(file, message.as_bytes(policy=SMTP))
        log.warning("no mail server is configured (--smtp): the mail to %s is stored in %s", message["To"], file)
