"""Send mail through an SMTP server, or store it in a folder if no server is configured.

Guarantees that the server has accepted the mail, or that the mail is on disk, when `send` returns. A mail that is
stored twice is one file, because the file is named after the Message-ID.
See https://datatracker.ietf.org/doc/html/rfc5321.
"""

import asyncio
import logging
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import aiosmtplib

from lamplighter.base.files import make_directory, write_file
from lamplighter.outbound.mail_server import MailServer
from lamplighter.outbound.port import DeliveryFailed

log = logging.getLogger("lamplighter.outbound")

TIMEOUT_SECONDS = 30.0
"""Seconds for each SMTP command."""
MAX_CONNECTIONS = 4


class SmtpMail:
    """A mail client that uses aiosmtplib."""

    folder = None

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

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def send(self, message: EmailMessage, name: str) -> None:
        """Store one mail in the folder."""
        message["From"] = Address(name, addr_spec="lamplighter@localhost")
        try:
            await asyncio.to_thread(self._store, message)
        except OSError as error:
            raise DeliveryFailed(f"the mail could not be stored: {error}", retryable=True) from None

    def _store(self, message: EmailMessage) -> None:
        make_directory(self.folder)  # fails if the data directory is missing
        name = re.sub("[^A-Za-z0-9.-]", "", str(message["Message-ID"]).partition("@")[0])
        file = self.folder / f"{name}.eml"
        write_file(file, message.as_bytes(policy=SMTP))
        log.warning("no mail server is configured (--smtp): the mail to %s is stored in %s", message["To"], file)
