"""Encrypt the secrets that services store: parameters of the type SecureString, and the values of Secrets Manager.

The key is the file `secrets.key` of the data directory, which only its owner can read. So a copy of the database alone
reveals no secret; a backup has both, and must be kept like the secrets themselves. The key is made with the first
secret and never replaced. The encryption is AES in CBC mode with an HMAC: https://cryptography.io/en/latest/fernet/.
"""

import threading
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from lamplighter.base.errors import Unavailable
from lamplighter.base.files import write_file
from lamplighter.store.data_directory import SECRETS_KEY


class SecretCipher:
    """Encrypts and decrypts the secrets of one data directory. Threads may share it."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / SECRETS_KEY
        self._lock = threading.Lock()
        self._fernet: Fernet | None = None

    def encrypt(self, text: str) -> str:
        """Return a text encrypted. The key is on disk before this returns. Raises `Unavailable`."""
        return self._load(create=True).encrypt(text.encode(errors="surrogatepass")).decode()

    def decrypt(self, token: str) -> str:
        """Return the text that was encrypted. Raises `Unavailable` if the key is missing or another one."""
        try:
            return self._load(create=False).decrypt(token.encode()).decode(errors="surrogatepass")
        except InvalidToken:
            raise Unavailable(
                f"the secret cannot be decrypted: {self._path} is not the key with which it was encrypted"
            ) from None

    def _load(self, *, create: bool) -> Fernet:
        with self._lock:
            if self._fernet is None:
                try:
                    if create and not self._path.exists():
                        write_file(self._path, Fernet.generate_key())
                    self._fernet = Fernet(self._path.read_bytes())
                except (OSError, ValueError) as error:
                    raise Unavailable(f"the key of the secrets cannot be used ({self._path}): {error}") from error
            return self._fernet
