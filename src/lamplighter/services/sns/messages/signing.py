"""Sign messages with the engine's own key, and provide the certificate with which receivers verify them.

Guarantees AWS's format: a signature over the named members, "SHA1withRSA" (version 1) or "SHA256withRSA" (version 2),
and a certificate at `SigningCertURL`. The key is not AWS's: it is created once for a data directory and never leaves
it. The certificate's file has AWS's form of a name, with a hash of the certificate: `SimpleNotificationService-….pem`.
Receivers cache the certificate, so a key that cannot be read is an error and is never replaced. See
https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html.
"""

import asyncio
import logging
import threading
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from lamplighter.base.errors import Unavailable
from lamplighter.base.files import make_directory, write_file
from lamplighter.base.world import World
from lamplighter.wire.access.unsigned_requests import CERTIFICATE_PREFIX

KEY_BITS = 2048
CERTIFICATE_YEARS = 50
HASH_LENGTH = 32
MAX_SIGNATURES = 256
"""The most signatures in memory: those of some batches that wait for their turns."""
DIGESTS: Mapping[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303 - AWS's version 1
SIGNED_MEMBERS = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
"""The members that are signed if the message has them, in this order."""

log = logging.getLogger("lamplighter.sns")


def text_to_sign(members: Mapping[str, str]) -> bytes:
    """Return the text to sign: names and values, each on its own line."""
    signed = [name for name in SIGNED_MEMBERS if name in members]
    return "".join(f"{name}\n{members[name]}\n" for name in signed).encode()


class Signer:
    """Signs the messages of one engine; creates the key on first use."""

    def __init__(self, folder: Path, world: World) -> None:
        self._folder = folder
        self._world = world
        self._key_lock = threading.Lock()
        self._key: rsa.RSAPrivateKey | None = None
        self._certificate_name = ""
        self._signatures: dict[tuple[str, bytes], str] = {}
        """The latest signatures by version and text: a topic's subscriptions share one, and a batch is signed before
        its turn."""
        self._signatures_lock = threading.Lock()

    def prepare(self) -> None:
        """Create the key in a thread, so that the first message need not wait for it."""
        if self._key is None:
            asyncio.get_running_loop().run_in_executor(None, self._prepare_key)

    def sign(self, version: str, members: Mapping[str, str]) -> str:
        """Return the signature of a message's members in base64. Raises `Unavailable` if there is no key now.

        Any thread may call this. Signing takes 0.2 ms, in which other threads can run.
        """
        to_sign = version, text_to_sign(members)
        found = self._signatures.get(to_sign)
        if found is None:
            found = b64encode(self._get_key().sign(to_sign[1], padding.PKCS1v15(), DIGESTS[version])).decode()
            self._keep_signature(to_sign, found)
        return found

    def _keep_signature(self, signed: tuple[str, bytes], signature: str) -> None:
        with self._signatures_lock:
            if len(self._signatures) >= MAX_SIGNATURES:
                del self._signatures[next(iter(self._signatures))]
            self._signatures[signed] = signature

    def certificate(self) -> bytes:
        """Return the certificate as PEM. Raises `Unavailable` if it cannot be read."""
        self._get_key()
        try:
            return (self._folder / "certificate.pem").read_bytes()
        except OSError as error:
            raise Unavailable(f"the certificate cannot be read: {error}") from None

    def certificate_name(self) -> str:
        """Return the name of the certificate's file as AWS forms it. Raises `Unavailable` as `certificate` does."""
        if not self._certificate_name:
            digest = sha256(self.certificate()).hexdigest()[:HASH_LENGTH]
            self._certificate_name = f"{CERTIFICATE_PREFIX}{digest}.pem"
        return self._certificate_name

    def _prepare_key(self) -> None:
        try:
            self._get_key()
        except Unavailable as error:
            log.error("%s", error)

    def _get_key(self) -> rsa.RSAPrivateKey:
        if self._key is None:
            with self._key_lock:
                if self._key is None:
                    self._key = self._load_key() or self._create_key()
        return self._key

    def _load_key(self) -> rsa.RSAPrivateKey | None:
        """Return the stored key, or None if there is no file. Raises `Unavailable` if the file cannot be read.

        A stored key always has a certificate, because the certificate is written first.
        """
        file = self._folder / "key.pem"
        try:
            key = serialization.load_pem_private_key(file.read_bytes(), None)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable(f"the signing key cannot be read: {error}") from None
        except (TypeError, ValueError, UnsupportedAlgorithm):  # TypeError: the key is encrypted.
            raise _invalid_key_file(file) from None
        if not isinstance(key, rsa.RSAPrivateKey):
            raise _invalid_key_file(file)
        return key

    def _create_key(self) -> rsa.RSAPrivateKey:
        key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        private = serialization.PrivateFormat.PKCS8
        text = key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption())
        certificate = self._certify(key).public_bytes(serialization.Encoding.PEM)
        try:
            make_directory(self._folder)  # the data directory must exist
            write_file(self._folder / "certificate.pem", certificate)
            write_file(self._folder / "key.pem", text)
        except OSError as error:
            raise Unavailable(f"the signing key cannot be written: {error}") from None
        return key

    def _certify(self, key: rsa.RSAPrivateKey) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.lamplighter")])
        created = datetime.fromtimestamp(self._world.now() / 1000, UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(int(self._world.uuid().replace("-", ""), 16) >> 1)
            .not_valid_before(created - timedelta(days=1))
            .not_valid_after(created + timedelta(days=365 * CERTIFICATE_YEARS))
            .sign(key, hashes.SHA256())
        )


def _invalid_key_file(file: Path) -> Unavailable:
    return Unavailable(
        f"{file} holds no RSA key for signing messages: restore or delete the file; a new key has a new certificate"
    )
