"""Check the files beside a database after a power cut: each row has its file, whole, and the key opens every secret."""

import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from lamplighter.store.data_directory import OBJECTS, SECRETS_KEY

FILES = "SELECT file, etag FROM s3_versions WHERE file IS NOT NULL UNION ALL SELECT file, etag FROM s3_parts"
ENCRYPTED = (
    "SELECT value FROM secret_versions UNION ALL SELECT value FROM ssm_parameter_versions WHERE type = 'SecureString'"
)


def find_stored_fault(directory: Path, connection: sqlite3.Connection) -> str | None:
    """Return what is wrong with the files of objects or with the key of the secrets, or None."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 's3_versions'").fetchone() is None:
        return None  # the power was cut before the tables existed
    return next(_find_faults(directory, connection), None)


def _find_faults(directory: Path, connection: sqlite3.Connection) -> Iterator[str]:
    for file, etag in connection.execute(FILES).fetchall():
        path = directory / OBJECTS / file[:2] / file
        if not path.exists():
            yield f"the object with the ETag {etag} has no file"
        elif etag not in _possible_etags(path.read_bytes()):
            yield f"the file of the object with the ETag {etag} has other content"
    values = [value for (value,) in connection.execute(ENCRYPTED).fetchall()]
    if not values:
        return
    key = directory / SECRETS_KEY
    try:
        cipher = Fernet(key.read_bytes())
        for value in values:
            cipher.decrypt(value)
    except (OSError, ValueError, InvalidToken) as error:
        yield f"the secrets cannot be decrypted: {error!r}"


def _possible_etags(content: bytes) -> tuple[str, str]:
    """Return the ETags of an object with this content: stored at once, and as an upload of one part."""
    digest = hashlib.md5(content, usedforsecurity=False)
    return digest.hexdigest(), hashlib.md5(digest.digest(), usedforsecurity=False).hexdigest() + "-1"
