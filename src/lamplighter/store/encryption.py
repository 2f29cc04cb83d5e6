"""Encrypt the secrets that services store: SecureString parameters, values of Secrets Manager, and secrets of stacks.

The key is the file `secrets.key` of the data directory, which only its owner can read. So a copy of the database alone
reveals no secret; a backup has both, and must be kept like the secrets themselves. The key is made with the first
secret and never replaced: the database names it, so a lost key is an error, and no other key takes its place. The
encryption is AES in CBC mode with an HMAC: https://cryptography.io/en/latest/fernet/.
"""

import threading
from hashlib import sha256
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from lamplighter.base.errors import Unavailable
from lamplighter.base.files import write_file
from lamplighter.store.data_directory import SECRETS_KEY
from lamplighter.store.db import Tx

RESTORE = "put the file back from a backup (lamplighter restore)"


class SecretCipher:
    """Encrypts and decrypts the secrets of one data directory. Threads may share it."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / SECRETS_KEY
        self._lock = threading.Lock()
        self._key: tuple[Fernet, str] | None = None

    def encrypt(self, tx: Tx, text: str) -> str:
        """Return a text encrypted. The key is on disk before this returns. Raises `Unavailable`."""
        known = tx.value("SELECT fingerprint FROM secrets_key")
        fernet, fingerprint = self._load(create=known is None)
        if known is None:
            tx.execute("INSERT INTO secrets_key VALUES (?)", (fingerprint,))
        elif known != fingerprint:
            raise Unavailable(f"{self._path} is not the key of this database; {RESTORE}")
        return fernet.encrypt(text.encode(errors="surrogatepass")).decode()

    def decrypt(self, token: str) -> str:
        """Return the text that was encrypted. Raises `Unavailable` if the key is missing or another one."""
        fernet, _ = self._load(create=False)
        try:
            return fernet.decrypt(token.encode()).decode(errors="surrogatepass")
        except InvalidToken:
            raise Unavailable(
                f"the secret cannot be decrypted: {self._path} is not the key with which it was encrypted; {RESTORE}"
            ) from None

    def _load(self, *, create: bool) -> tuple[Fernet, str]:
        """Return the key and its fingerprint."""
        with self._lock:
            if self._key is None:
                try:
                    if create and not self._path.exists():
                        write_file(self._path, Fernet.generate_key())
                    key = self._path.read_bytes()
                    self._key = Fernet(key), sha256(key).hexdigest()
                except (OSError, ValueError) as error:
                    raise Unavailable(
                        f"the key of the secrets cannot be used ({self._path}): {error}; {RESTORE}"
                    ) from error
            return self._key
