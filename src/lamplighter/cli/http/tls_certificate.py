"""Load the certificate and the key of a TLS port, and take over a renewed pair without a restart.

Guarantees that a pair is used only if the key belongs to the certificate; a renewed pair that cannot be used is
reported once, and the old pair stays. A renewal replaces two files, one after the other: so a pair that does not match
is reported only if it is still the same at the next check. Accepts TLS 1.2 and 1.3 with forward secrecy and
authenticated encryption. Rejects keys with a passphrase, because nobody could enter it at a restart.

The ciphers are those of https://wiki.mozilla.org/Security/Server_Side_TLS (intermediate), without finite-field DHE.
"""

import logging
import os
import ssl
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from lamplighter.base.errors import LamplighterError
from lamplighter.base.file_identity import file_identity
from lamplighter.runs.local_times import format_utc_minute

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""The ciphers of TLS 1.2, in OpenSSL's language; TLS 1.3 has only suitable ones."""
WARNING_DAYS = 14
"""Days before its end from which on a certificate is reported."""
WARNING_SHARE = 0.2
"""The share of a certificate's lifetime that is left when a short-lived certificate is reported."""
DAY_MILLISECONDS = 24 * 3600 * 1000

log = logging.getLogger("lamplighter.tls")


class InvalidCertificate(LamplighterError):
    """The certificate and the key of a TLS port cannot be used."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """The files of a certificate with its chain, and of its key, both in PEM format."""

    certificate: Path
    key: Path

    def fingerprint(self) -> tuple[object, ...]:
        """Return what changes when a file is replaced or written; a missing file is None."""
        return tuple(file_identity(each) for each in (self.certificate, self.key))


@dataclass(frozen=True, slots=True)
class CertificatePair:
    """A certificate with its key, ready for connections."""

    context: ssl.SSLContext
    names: tuple[str, ...]
    """The host names and IP addresses in the certificate; a name may begin with `*.`."""
    begins: int
    """The first time at which the certificate is valid, in milliseconds since the epoch."""
    expires: int
    """The last time at which the certificate is valid, in milliseconds since the epoch."""
    self_signed: bool


def load_pair(files: CertificateFiles) -> CertificatePair:
    """Load a certificate and its key. Raises `InvalidCertificate`, which names the file and the reason."""
    chain, key = _read_chain(files.certificate), _read_key(files.key)
    _check_match(files, chain, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION  # a peer could make the engine compute one handshake after another
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(files.certificate, files.key, _no_passphrase)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error)
        raise InvalidCertificate(f"{files.certificate} and {files.key} cannot be used: {reason}") from None
    first = chain[0]
    return CertificatePair(
        context,
        tuple(_names(first)),
        _milliseconds(first.not_valid_before_utc),
        _milliseconds(first.not_valid_after_utc),
        self_signed=first.issuer == first.subject,
    )


def _read_chain(file: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read(file))
    except ValueError:
        raise InvalidCertificate(f"{file} holds no certificate in PEM format (-----BEGIN CERTIFICATE-----)") from None


def _read_key(file: Path) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(_read(file), None)
    except TypeError:
        raise InvalidCertificate(
            f"the key {file} has a passphrase, which the engine cannot enter at a restart: "
            f"store it without one (openssl pkey -in {file} -out NEW_FILE)"
        ) from None
    except ValueError:
        raise InvalidCertificate(f"{file} holds no private key in PEM format (-----BEGIN PRIVATE KEY-----)") from None


def _read(file: Path) -> bytes:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe must not block
        with os.fdopen(descriptor, "rb") as opened:
            return opened.read() or b""
    except OSError as error:
        raise InvalidCertificate(f"{file} cannot be read: {(error.strerror or str(error)).lower()}") from None


def _check_match(files: CertificateFiles, chain: list[x509.Certificate], key: PrivateKeyTypes) -> None:
    wanted = _encode_public(key.public_key())
    at = [index for index, each in enumerate(chain) if _encode_public(each.public_key()) == wanted]
    if not at:
        raise InvalidCertificate(f"the key {files.key} does not belong to the certificate {files.certificate}")
    if at[0] != 0:
        raise InvalidCertificate(
            f"the server's own certificate must come first in {files.certificate}, before those of its issuers"
        )


def _encode_public(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase")


def _names(certificate: x509.Certificate) -> Iterator[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    yield from (name.lower() for name in found.get_values_for_type(x509.DNSName))
    yield from (str(address) for address in found.get_values_for_type(x509.IPAddress))


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)


def find_problem(pair: CertificatePair, now: int) -> str | None:
    """Return what is wrong with the validity of a certificate, or None; `now` is in milliseconds since the epoch."""
    if now < pair.begins:
        return f"the TLS certificate is not valid before {format_utc_minute(pair.begins)}"
    if now > pair.expires:
        return f"the TLS certificate expired on {format_utc_minute(pair.expires)}: renew it"
    left = pair.expires - now
    if left < min(WARNING_DAYS * DAY_MILLISECONDS, WARNING_SHARE * (pair.expires - pair.begins)):
        return f"the TLS certificate expires on {format_utc_minute(pair.expires)}: renew it"
    return None


def is_readable_by_others(file: Path) -> bool:
    """Return whether users other than its owner and its group can read a file."""
    return bool(file.stat().st_mode & stat.S_IROTH)


def covers_host(names: Iterable[str], host: str) -> bool:
    """Return whether a certificate with these names is valid for a host name or an address without brackets."""
    wildcard = f"*.{host.partition('.')[2]}"
    return any(each in (host, wildcard) for each in names)


class ServerCertificate:
    """The certificate of a TLS port, which `renew` replaces when its files have changed."""

    def __init__(self, files: CertificateFiles) -> None:
        """Load the files. Raises `InvalidCertificate`."""
        self.files = files
        self._used: tuple[object, ...] = files.fingerprint()
        self._seen = self._used
        self.pair = load_pair(files)
        """The pair that new connections use."""
        self._refused: tuple[object, ...] | None = None
        """The fingerprint of renewed files that cannot be used."""

    def context(self) -> ssl.SSLContext:
        """Return the context for a new connection."""
        return self.pair.context

    def renew(self) -> None:
        """Load the files if they have changed; call this regularly, in a thread."""
        found = self.files.fingerprint()
        is_settled, self._seen = found == self._seen, found
        if found == self._used:
            self._refused = None
        if found in (self._used, self._refused):
            return
        try:
            self.pair = load_pair(self.files)
        except InvalidCertificate as error:
            if is_settled:
                self._refused = found
                log.error("the renewed TLS certificate is not used, the old one stays: %s", error)
            return
        self._used, self._refused = found, None
        log.info("the TLS certificate was renewed; it is valid until %s", format_utc_minute(self.pair.expires))

    def problem(self, now: int) -> str | None:
        """Return what is wrong with the certificate, in a sentence that names no file; None if nothing is."""
        found = find_problem(self.pair, now)
        if self._refused is None:
            return found
        until = format_utc_minute(self.pair.expires)
        return f"the renewed TLS certificate cannot be used (the log says why); the old one is valid until {until}"
