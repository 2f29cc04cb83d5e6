"""Decide which callers the engine of `up` accepts.

Guarantees that only users of this machine, or callers with credentials, can run commands here through the engine. An
engine that listens beyond loopback has a credentials file. An engine that has such a file requires its credentials at
every address. Never prints a secret: messages only name the file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from lamplighter.engine import credentials
from lamplighter.engine.credentials import CREDENTIALS
from lamplighter.wire.access.credentials import Credentials, CredentialSet


@dataclass(frozen=True, slots=True)
class Access:
    """The credentials that the engine accepts, and the file that holds them."""

    holders: CredentialSet | None = None
    """The accepted credentials; None if any credentials are accepted."""
    file: Path | None = None

    @property
    def first(self) -> Credentials | None:
        """The credentials that programs on this machine use; None if any are accepted."""
        return next(iter(self.holders.values())) if self.holders else None


def decide_access(given: Path | None, data: Path, address: str) -> Access:
    """Return the access rules of an engine that listens on an address; create a credentials file if necessary.

    Raises `CredentialsUnreadable` if the file cannot be read or holds no credentials.
    """
    file = given or data / CREDENTIALS
    if not file.exists():
        if ip_address(address).is_loopback:
            return Access()
        credentials.create_credentials(file)
    return Access(credentials.load_credentials(file), file)


def access_advice(entry: Access, url: str) -> Iterator[str]:
    """Yield the lines that tell the user how callers authenticate, if the engine requires credentials."""
    if entry.file is None:
        return
    yield f"callers need credentials: AWS_SHARED_CREDENTIALS_FILE={entry.file} aws --endpoint-url {url} …"
    yield f"the password of the console is lamplighter_password in {entry.file}"
    if credentials.is_readable_by_others(entry.file):
        yield f"other users of this machine can read {entry.file}: run chmod 600 {entry.file}"
