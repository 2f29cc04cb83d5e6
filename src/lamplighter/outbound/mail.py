"""Mail out: through an SMTP server, or into a folder that a person can read where there is none.

Promises that a mail was taken by the server, or is on disk, when `send` returns, and that a mail that is kept twice is
kept once: its file is named for its Message-ID. The server is named as a URL:
`smtp://user:password@host:port?from=address`, with STARTTLS where the server offers it (`&tls=off`: without, for a
relay on this machine whose certificate nobody signed), or `smtps://` for TLS from the first byte.
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

PATIENCE = 30.0
"""Seconds for each command of the exchange."""
LANES = 4
"""How many connections the server gets at once."""
PORTS = {"smtp": 25, "smtps": 465}


class InvalidMailServer(LamplighterError):
    """The URL names no mail server."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server and who sends."""

    host: str
    port: int
    tls: bool
    """From the first byte."""
    starttls: bool
    """Where the server offers it."""
    user: str | None
    password: str | None
    sender: str
    """The address in From."""


def parse_mail_server(url: str) -> MailServer:
    """Read a server's URL; BadServer where it is none."""
    unclear = InvalidMailServer("--smtp names no mail server: say smtp://USER:PASSWORD@HOST:PORT, or smtps://")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise unclear from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise unclear
    user = unquote(parts.username) if parts.username else None
    query = parse_qs(parts.query)
    usual = user if user and "@" in user else f"lamplighter@{socket.gethostname()}"
    sender = query.get("from", [usual])[0]
    if not re.fullmatch(r"[^\s<>@\"]+@[^\s<>@\"]+", sender):
        raise InvalidMailServer(f"{sender} is no address that mail can come from")
    password = unquote(parts.password) if parts.password else None
    tls = parts.scheme == "smtps"
    starttls = not tls and query.get("tls") != ["off"]
    return MailServer(parts.hostname, port or PORTS[parts.scheme], tls, starttls, user, password, sender)


class SmtpMail:
    """aiosmtplib's client."""

    sends = True

    def __init__(self, server: MailServer, patience: float = PATIENCE) -> None:
        self._server = server
        self._patience = patience
        self._lanes = asyncio.Semaphore(LANES)

    async def send(self, message: EmailMessage, name: str) -> None:
        """Send one mail."""
        message["From"] = Address(name, addr_spec=self._server.sender)
        async with self._lanes:
            try:
                async with smtp_client(self._server, self._patience) as server:
                    await server.send_message(message)
            except aiosmtplib.SMTPRecipientsRefused as error:
                told = error.recipients[0]
                raise DeliveryFailed(f"{told.code} {told.message}", again=told.code < 500) from None
            except aiosmtplib.SMTPResponseException as error:
                raise DeliveryFailed(f"{error.code} {error.message}", again=_may_pass(error)) from None
            except (aiosmtplib.SMTPException, OSError) as error:
                raise DeliveryFailed(f"{type(error).__name__}: {error}", again=True) from None


def smtp_client(server: MailServer, patience: float) -> aiosmtplib.SMTP:
    """What speaks with a server and, used as a context manager, has said who we are; seconds for each command."""
    return aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        use_tls=server.tls,
        start_tls=None if server.starttls else False,
        timeout=patience,
    )


def _may_pass(error: aiosmtplib.SMTPResponseException) -> bool:
    """Whether a refusal may not be the last word. Who is refused by name gets the chance to set it right."""
    return isinstance(error, aiosmtplib.SMTPAuthenticationError) or not 500 <= error.code < 600


class MailFolder:
    """Keeps mail as .eml files, where no server was named."""

    sends = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: EmailMessage, name: str) -> None:
        """Keep one mail."""
        message["From"] = Address(name, addr_spec="lamplighter@localhost")
        try:
            await asyncio.to_thread(self._keep, message)
        except OSError as error:
            raise DeliveryFailed(f"the mail could not be kept: {error}", again=True) from None

    def _keep(self, message: EmailMessage) -> None:
        make_directory(self._folder)  # the data directory has to be there
        name = re.sub("[^A-Za-z0-9.-]", "", str(message["Message-ID"]).partition("@")[0])
        kept = self._folder / f"{name}.eml"
        write_file(kept, message.as_bytes(policy=SMTP))
        log.warning("no mail server was named (--smtp): the mail to %s is kept as %s", message["To"], kept)
