"""Parse the URL of a mail server.

`smtp://user:password@host:port?from=address` uses STARTTLS if the server offers it, `smtps://` uses TLS from the first
byte. `&tls=off` turns STARTTLS off, for a relay on this machine whose certificate is not signed.
"""

import re
import socket
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from lamplighter.base.errors import LamplighterError

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
    invalid = InvalidMailServer("this is not the URL of a mail server: use smtp://USER:PASSWORD@HOST:PORT or smtps://…")
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
