"""Certificates for tests: an authority of the test's own, and what it issues."""

from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

KeyPair = ec.EllipticCurvePrivateKey


def make_key() -> KeyPair:
    return ec.generate_private_key(ec.SECP256R1())


def encode_key(key: KeyPair, passphrase: bytes | None = None) -> bytes:
    """Return a key in PEM format, encrypted if there is a passphrase."""
    protection = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)


def encode_certificate(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


class Authority:
    """An authority that issues certificates."""

    def __init__(self) -> None:
        self.key = make_key()

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The certificate of the authority itself."""
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        usage = x509.KeyUsage(
            digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = self._builder("the authority of a test", self.key, -1, 3650)
        builder = builder.add_extension(constraints, critical=True).add_extension(usage, critical=True)
        identifier = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        return builder.add_extension(identifier, critical=False).sign(self.key, hashes.SHA256())

    def issue(self, key: KeyPair, *names: str, begin_days: float = -1, end_days: float = 90) -> x509.Certificate:
        """Issue a certificate for host names and addresses; it is valid between these days from now."""
        builder = self._builder("a server of a test", key, begin_days, end_days)
        if names:
            alternatives = x509.SubjectAlternativeName([_general_name(each) for each in names])
            builder = builder.add_extension(alternatives, critical=False)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return builder.add_extension(identifier, critical=False).sign(self.key, hashes.SHA256())

    def _builder(self, subject: str, key: KeyPair, begin_days: float, end_days: float) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(_name(subject))
            .issuer_name(_name("the authority of a test"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=begin_days))
            .not_valid_after(now + timedelta(days=end_days))
        )


class CertificateFolder:
    """A folder with an authority, and with a certificate and a key that it has issued for a server."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.authority = Authority()
        self.authority_file = folder / "authority.pem"
        self.certificate = folder / "server.pem"
        self.key = folder / "server.key"
        self.authority_file.write_bytes(encode_certificate(self.authority.certificate))

    def issue(self, *names: str, begin_days: float = -1, end_days: float = 90) -> x509.Certificate:
        """Issue a certificate with a new key, and replace both files, as certbot does."""
        key = make_key()
        certificate = self.authority.issue(key, *names, begin_days=begin_days, end_days=end_days)
        self.write_key(encode_key(key))
        self.write_certificate(encode_certificate(certificate))
        return certificate

    def write_certificate(self, content: bytes) -> None:
        _replace(self.certificate, content, 0o644)

    def write_key(self, content: bytes) -> None:
        _replace(self.key, content, 0o600)

    @property
    def options(self) -> tuple[str, ...]:
        """The options of `up` for these files."""
        return "--tls-cert", str(self.certificate), "--tls-key", str(self.key)


def _replace(file: Path, content: bytes, mode: int) -> None:
    draft = file.with_suffix(".new")
    draft.write_bytes(content)
    draft.chmod(mode)
    draft.replace(file)
