"""Who may come in to the engine that `up` starts.

Promises that whoever can run commands here through the engine has shown credentials, or is on this machine: an engine
that listens beyond loopback has a credentials file, and one that has such a file asks for what it says, wherever it
listens. Refuses to print a secret: it names the file.
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
    """Who may come in, and where it says so."""

    holders: CredentialSet | None = None
    """None where any credentials are taken."""
    file: Path | None = None

    @property
    def first(self) -> Credentials | None:
        """Whose credentials programs of this box use."""
        return next(iter(self.holders.values())) if self.holders else None


def decide_access(given: Path | None, data: Path, address: str) -> Access:
    """Who may come in to an engine that listens on an address; raises NoCredentials."""
    file = given or data / CREDENTIALS
    if not file.exists():
        if ip_address(address).is_loopback:
            return Access()
        credentials.create_credentials(file)
    return Access(credentials.load_credentials(file), file)


def access_advice(entry: Access, url: str) -> Iterator[str]:
    """What to tell who has started an engine that asks for credentials."""
    if entry.file is None:
        return
    yield f"callers need credentials: AWS_SHARED_CREDENTIALS_FILE={entry.file} aws --endpoint-url {url} …"
    yield f"the console asks for the lamplighter_password of {entry.file}"
    if credentials.is_readable_by_others(entry.file):
        yield f"others on this machine can read {entry.file}: chmod 600 {entry.file}"
