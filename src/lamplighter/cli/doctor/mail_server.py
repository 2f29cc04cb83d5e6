"""Check whether the mail server accepts the engine's mails, without sending one.

The check begins a mail, with the sender and the recipients, and then resets the transaction with RSET. A server rejects
a sender or a recipient before it receives the text (RFC 5321, 3.3). The check does not find a rejection that depends on
the text. See https://datatracker.ietf.org/doc/html/rfc5321.
"""

import asyncio
from collections.abc import Mapping, Sequence

import aiosmtplib

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.doctor.finding import Finding, bad, doubtful, good
from lamplighter.outbound import mail
from lamplighter.outbound.mail_server import MailServer, parse_mail_server
from lamplighter.outbound.program import MAIL_SERVER_VARIABLE

TIMEOUT_SECONDS = 10
"""Seconds to wait for each answer."""
FIRST_PERMANENT_CODE = 500
"""The lowest reply code of a permanent rejection."""


class MailRejected(LamplighterError):
    """The server rejects a sender or a recipient."""

    def __init__(self, address: str, code: int, message: str) -> None:
        super().__init__(f"{address}: {code} {message}")
        self.permanent = code >= FIRST_PERMANENT_CODE


def check_mail_server(environment: Mapping[str, str], engine: Json = None, recipients: Sequence[str] = ()) -> Finding:
    """Report whether the mail server that the environment names accepts mails to these recipients.

    `engine` is the health document of the engine, which states whether the engine has its own mail server.
    """
    url = environment.get(MAIL_SERVER_VARIABLE)
    if not url and engine is not None and engine.get("mails"):
        return good("mail", f"the engine has a mail server (--smtp); set {MAIL_SERVER_VARIABLE} here to test it")
    if not url:
        message = "no mail server is set here: without one, the engine writes mails to files"
        return doubtful("mail", message, f"use --smtp, or set {MAIL_SERVER_VARIABLE}, when you start `up`")
    try:
        server = parse_mail_server(url)
    except LamplighterError as error:
        return bad("mail", f"{MAIL_SERVER_VARIABLE}: {error}", "smtp://USER:PASSWORD@HOST:PORT?from=ADDRESS")
    address = f"{server.host}, port {server.port},"
    try:
        asyncio.run(_offer_mail(server, recipients))
    except MailRejected as error:
        message = f"{address} does not accept mail {error}"
        return bad("mail", message) if error.permanent else doubtful("mail", message, "it may accept it later")
    except aiosmtplib.SMTPAuthenticationError as error:
        return bad(
            "mail", f"{server.host} rejects the login of {server.user}: {error.code} {error.message}", "correct the URL"
        )
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return bad("mail", f"{address} does not answer as a mail server: {error}")
    to = f" to {', '.join(recipients)}" if recipients else ""
    return good("mail", f"{address} accepts mail from {server.sender}{to}")


async def _offer_mail(server: MailServer, recipients: Sequence[str]) -> None:
    """Offer the server a mail and reset it; raise `MailRejected` if the server rejects the sender or a recipient."""
    async with mail.smtp_client(server, TIMEOUT_SECONDS) as client:
        try:
            await client.mail(server.sender)
        except aiosmtplib.SMTPResponseException as error:
            raise MailRejected(f"from {server.sender}", error.code, error.message) from None
        for recipient in recipients:
            try:
                await client.rcpt(recipient)
            except aiosmtplib.SMTPResponseException as error:
                raise MailRejected(f"to {recipient}", error.code, error.message) from None
        await client.rset()
