"""Decide which callers the engine of `up` accepts.

Guarantees that only users of this machine, or callers with credentials, can run commands here through the engine. An
engine that listens beyond loopback, that has a trusted proxy, or whose console has users, has a credentials file. An
engine that has such a file requires its credentials at every address, and a login to its console: other users of the
machine reach loopback, too. Never prints a secret: messages only name the file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from lamplighter.cli.site_options import SiteOptions
from lamplighter.engine import credentials
from lamplighter.engine.credentials import CREDENTIALS_FILE
from lamplighter.engine.users_file import USERS_FILE, UsersFile, load_users
from lamplighter.wire.access.credentials import Credentials, CredentialSet


@dataclass(frozen=True, slots=True)
class Access:
    """The credentials that the engine accepts, the file that holds them, and the users of the console."""

    users: UsersFile
    accepted_credentials: CredentialSet | None = None
    """The accepted credentials; None if any credentials are accepted."""
    file: Path | None = None
    proxies: frozenset[str] = frozenset()
    """The addresses of reverse proxies that state the address of their caller."""

    @property
    def first(self) -> Credentials | None:
        """The credentials that programs on this machine use; None if any are accepted."""
        return next(iter(self.accepted_credentials.values())) if self.accepted_credentials else None


def decide_access(given: Path | None, data: Path, address: str, proxies: frozenset[str] = frozenset()) -> Access:
    """Return the access rules of an engine that listens on an address; create a credentials file if necessary.

    `proxies` are trusted proxies: others reach the engine through them, even if it listens on loopback.

    Raises `InvalidCredentialsFile` if the file cannot be read or holds no credentials, and `InvalidUsers` likewise.
    """
    file, users_file = given or data / CREDENTIALS_FILE, data / USERS_FILE
    has_users, users = bool(load_users(users_file)), UsersFile(users_file)
    if not file.exists():
        if ip_address(address).is_loopback and not has_users and not proxies:
            return Access(users)
        credentials.create_credentials(file)
    return Access(users, credentials.load_credentials(file), file, proxies)


def access_advice(access_rules: Access, url: str, options: SiteOptions) -> Iterator[str]:
    """Yield the lines that tell the user how callers authenticate, if the engine requires credentials."""
    if access_rules.file is None:
        return
    yield f"callers need credentials: AWS_SHARED_CREDENTIALS_FILE={access_rules.file} aws --endpoint-url {url} …"
    if access_rules.users.read():
        yield f"the console has users: `{options.hint('users list')}`"
    else:
        yield f"the password of the console is lamplighter_password in {access_rules.file}"
    if credentials.is_readable_by_others(access_rules.file):
        yield f"other users of this machine can read {access_rules.file}: run chmod 600 {access_rules.file}"
