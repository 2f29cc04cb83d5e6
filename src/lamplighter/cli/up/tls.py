"""The certificate of the engine's TLS port, with what its owner should know about it at the start."""

from collections.abc import Iterator
from pathlib import Path

from lamplighter.base.world import real_world
from lamplighter.cli.http import tls_certificate
from lamplighter.cli.http.tls_certificate import CertificateFiles, ServerCertificate


class UpCertificate(ServerCertificate):
    """The certificate that the options of `up` name."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Load the files. Raises `InvalidCertificate`."""
        super().__init__(CertificateFiles(certificate.absolute(), key.absolute()))

    @property
    def names(self) -> tuple[str, ...]:
        """The names in the certificate."""
        return self.pair.names

    def warnings(self, host: str) -> Iterator[str]:
        """Yield a line for everything that will surprise the owner or the callers, who use this host name."""
        key, pair = self.files.key, self.pair
        if tls_certificate.is_readable_by_others(key):
            yield f"other users of this machine can read the key {key}: run chmod 600 {key}"
        if (problem := tls_certificate.find_problem(pair, real_world().now())) is not None:
            yield problem
        if not tls_certificate.covers_host(pair.names, host):
            named = f"names {', '.join(pair.names)}" if pair.names else "has no names"
            yield f"callers will reject the certificate for {host}: it {named}; use --url with a name that it has"
        if pair.self_signed:
            yield f"the certificate is self-signed: callers need AWS_CA_BUNDLE={self.files.certificate}"
