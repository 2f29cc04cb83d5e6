"""Hash passwords with scrypt, and verify them.

Each hash states its parameters, so that new passwords can use stronger ones. Guarantees that every verification takes
the same time, whatever the password is. One takes 16 MiB and about a quarter of a second of processor time: call
these functions in a thread.
See https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html and
https://www.rfc-editor.org/rfc/rfc7914.
"""

import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass
from string import ascii_letters, digits

from lamplighter.base.errors import LamplighterError, require

SALT_ALPHABET, SALT_LENGTH = ascii_letters + digits, 22
"""The alphabet and the length of a salt: 130 bits."""
COST, BLOCK_SIZE, PARALLELISM = 2**14, 8, 5
"""scrypt's N, r and p for new hashes: OWASP's choice for 16 MiB."""
MAX_COST, MAX_BLOCK_SIZE, MAX_PARALLELISM = 2**17, 16, 16
MAX_MEMORY_BYTES = 512 * 1024 * 1024
MAX_PASSWORD_BYTES = 1024

_FORMAT = re.compile(r"scrypt\$([0-9]{1,7})\$([0-9]{1,2})\$([0-9]{1,2})\$([A-Za-z0-9]{16,64})\$([0-9a-f]{64})")


class InvalidHash(LamplighterError):
    """The text is not the hash of a password, or its parameters are out of bounds."""


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """The hash of a password, with the parameters that made it."""

    cost: int
    block_size: int
    parallelism: int
    salt: str
    digest: str
    """32 bytes in hexadecimal."""

    def __str__(self) -> str:
        return f"scrypt${self.cost}${self.block_size}${self.parallelism}${self.salt}${self.digest}"


def hash_password(password: str, salt: str) -> PasswordHash:
    """Hash a new password; the salt is random."""
    parameters = PasswordHash(COST, BLOCK_SIZE, PARALLELISM, salt, "")
    return PasswordHash(COST, BLOCK_SIZE, PARALLELISM, salt, _compute_digest(password, parameters))


def is_password(password: str, stored: PasswordHash) -> bool:
    """Return whether a password has this hash."""
    return hmac.compare_digest(_compute_digest(password, stored), stored.digest)


def parse_hash(text: str) -> PasswordHash:
    """Parse the text of a hash. Raises `InvalidHash`."""
    found = require(_FORMAT.fullmatch(text), lambda: InvalidHash("it is not a hash of scrypt"))
    cost, block_size, parallelism = (int(each) for each in found.groups()[:3])
    is_power_of_two = cost > 1 and cost & (cost - 1) == 0
    in_bounds = cost <= MAX_COST and 0 < block_size <= MAX_BLOCK_SIZE and 0 < parallelism <= MAX_PARALLELISM
    if not (is_power_of_two and in_bounds):
        raise InvalidHash("the parameters of scrypt are out of bounds")
    return PasswordHash(cost, block_size, parallelism, found[4], found[5])


def _compute_digest(password: str, parameters: PasswordHash) -> str:
    """Compute the digest; keyboards spell the same letter differently, so the password is normalized."""
    text = unicodedata.normalize("NFKC", password).encode("utf-8", "replace")[:MAX_PASSWORD_BYTES]
    return hashlib.scrypt(
        text,
        salt=parameters.salt.encode(),
        n=parameters.cost,
        r=parameters.block_size,
        p=parameters.parallelism,
        maxmem=MAX_MEMORY_BYTES,
        dklen=32,
    ).hex()
