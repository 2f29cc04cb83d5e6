"""Fernet with given random bytes and the time 0, so that a seed decides what it writes.

It writes the tokens of the specification, which every Fernet decrypts: https://github.com/fernet/spec/blob/master/Spec.md
"""

import base64
from collections.abc import Callable

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, hmac, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

VERSION_AND_TIME = b"\x80" + bytes(8)
BLOCK_BYTES = 16


def seeded_fernet(random_bytes: Callable[[int], bytes]) -> type:
    """Return a class to use in the place of Fernet."""

    class SeededFernet:
        def __init__(self, key: bytes) -> None:
            self.decrypt = Fernet(key).decrypt
            secret = base64.urlsafe_b64decode(key)
            self._signing_key, self._encryption_key = secret[:BLOCK_BYTES], secret[BLOCK_BYTES:]

        @staticmethod
        def generate_key() -> bytes:
            return base64.urlsafe_b64encode(random_bytes(2 * BLOCK_BYTES))

        def encrypt(self, data: bytes) -> bytes:
            start = random_bytes(BLOCK_BYTES)
            padder = padding.PKCS7(8 * BLOCK_BYTES).padder()
            encryptor = Cipher(algorithms.AES(self._encryption_key), modes.CBC(start)).encryptor()
            encrypted = encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()
            signature = hmac.HMAC(self._signing_key, hashes.SHA256())
            signature.update(signed := VERSION_AND_TIME + start + encrypted)
            return base64.urlsafe_b64encode(signed + signature.finalize())

    return SeededFernet
