"""Open the ports of `up`: one plain port, or a TLS port and a plain port for this machine only.

With TLS, commands and programs on this machine use a second, plain port on 127.0.0.1. They need not trust the
certificate, and it need not name this machine; so they work with every certificate, even an expired one. The data
between them stays within the machine's kernel, and the same credentials are required as at the TLS port. Guarantees
that the plain port cannot be reached from other machines.
"""

import re
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

import typer

from lamplighter.base.modules import load_object
from lamplighter.cli.engine_address import EngineAddress
from lamplighter.cli.engine_client.find_region import default_region
from lamplighter.cli.http.http_server import TlsPort
from lamplighter.cli.http.listen import listen, listener_url, local_url
from lamplighter.cli.up.command_line import ServingOptions

LOOPBACK = "127.0.0.1"
PUBLIC_URL = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")
"""What --url may be: links append their paths to it."""


class Certificate(Protocol):
    """The certificate of the TLS port (`cli/up/tls.py`), whose module is loaded only if there is one."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names in the certificate."""

    def context(self) -> ssl.SSLContext:
        """Return the context for a new connection."""

    def renew(self) -> None:
        """Load the files if they have changed."""

    def problem(self, now: int) -> str | None:
        """Return what is wrong with the certificate, for the engine's health; None if nothing is."""

    def warnings(self, host: str) -> Iterable[str]:
        """Return what the owner should know at the start of an engine that callers reach by this host name."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The open ports of an engine, and its URLs."""

    listener: socket.socket
    """The port that others reach."""
    local: socket.socket
    """The plain port: the same, or with TLS the one for this machine only."""
    address: EngineAddress
    certificate: Certificate | None = None

    @property
    def listening_url(self) -> str:
        """The URL of the address on which the engine listens."""
        return listener_url(self.listener) if self.certificate is None else _secure(listener_url(self.listener))

    @property
    def names(self) -> frozenset[str]:
        """The host names that the certificate gives to the engine."""
        found = () if self.certificate is None else self.certificate.names
        return frozenset(name for name in found if not name.startswith("*."))

    @property
    def tls(self) -> TlsPort | None:
        """The TLS port for the server, or None."""
        if self.certificate is None:
            return None
        return TlsPort(self.listener, self.certificate.context, self.address.public)

    @property
    def certificate_problem(self) -> Callable[[int], str | None] | None:
        """What is wrong with the certificate, for the engine's health."""
        return None if self.certificate is None else self.certificate.problem

    def warnings(self) -> Iterable[str]:
        """Return what the owner should know about the certificate."""
        host = url_host(self.address.public)
        return () if self.certificate is None else self.certificate.warnings(host)


@contextmanager
def open_ports(options: ServingOptions, url: str | None) -> Iterator[Ports]:
    """Open the ports and close them at the end; `url` is the public one, if the user or the job file names one.

    Raises `BadParameter`, `CannotListen` and `InvalidCertificate`.
    """
    _check_options(options, url)
    if options.tls_cert is None:
        with listen(options.host, options.port) as listener:
            own = local_url(listener)
            yield Ports(listener, listener, EngineAddress(own, (url or own).rstrip("/"), default_region()))
        return
    certificate: Certificate = load_object("lamplighter.cli.up.tls:UpCertificate")(options.tls_cert, options.tls_key)
    with listen(options.host, options.port) as listener, listen(LOOPBACK, options.local_port) as local:
        public = (url or choose_url(options.host, listener, certificate.names)).rstrip("/")
        yield Ports(listener, local, EngineAddress(listener_url(local), public, default_region()), certificate)


def _check_options(options: ServingOptions, url: str | None) -> None:
    """Raise `BadParameter` for options that do not belong together, and for a URL that is none."""
    if url is not None and not (PUBLIC_URL.fullmatch(url) and url_host(url)):
        raise typer.BadParameter(f"--url {url}: use a URL such as https://jobs.example.com")
    if (options.tls_cert is None) != (options.tls_key is None):
        raise typer.BadParameter("--tls-cert and --tls-key belong together: name both files")
    if options.tls_cert is not None and (url or "https://").startswith("http://"):
        raise typer.BadParameter("--url begins with http://, but with --tls-cert the engine speaks HTTPS")
    if options.local_port and options.tls_cert is None:
        raise typer.BadParameter("--local-port works only with --tls-cert: without it there is one port")


def choose_url(host: str, listener: socket.socket, names: Iterable[str]) -> str:
    """Return the URL by which callers reach a TLS port: under a name of the certificate, if one fits."""
    address, port = listener.getsockname()[:2]
    exact = [each for each in names if not each.startswith("*.")]
    is_local = ip_address(address).is_loopback
    preferred = [host, address, *(["localhost"] if is_local else []), *filter(_is_name, exact), *exact]
    name = next((each for each in preferred if each.lower() in exact), None)
    if name is None:
        return _secure(local_url(listener))
    shown = f"[{name}]" if ":" in name else name
    return f"https://{shown}" if port == 443 else f"https://{shown}:{port}"


def _is_name(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return True
    return False


def _secure(url: str) -> str:
    return url.replace("http://", "https://", 1)


def url_host(url: str) -> str:
    """Return the host name or the address in a URL, without brackets and in lower case; empty without a valid one."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
