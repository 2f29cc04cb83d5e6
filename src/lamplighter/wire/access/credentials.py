"""Who may come in, as a credentials file says: AWS's shared format, with two lines of ours that AWS's tools pass over.

    [default]
    aws_access_key_id = LAMP…
    aws_secret_access_key = …
    lamplighter_password = …
    lamplighter_token = …

Promises that every section with an access key and a secret is a holder: a second key is a second section, and an access
key of twelve digits is an account of its own. Refuses a file that lets nobody in.
See https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html.
"""

import configparser
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from string import ascii_letters, ascii_uppercase, digits

from lamplighter.base.errors import LamplighterError

Chance = Callable[[str, int], str]
"""So many unguessable letters out of these: `base.world.unguessable`."""


class CredentialsUnreadable(LamplighterError):
    """A credentials file holds none, or cannot be read."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """One who may come in, by any of three secrets."""

    access_key: str
    secret: str = field(repr=False)
    """What signs requests."""
    password: str = field(repr=False)
    """What opens the console: the file's, else the secret."""
    token: str = field(default="", repr=False)
    """What shows the metrics, slots and runs to who bears it; none where it is empty."""


CredentialSet = Mapping[str, Credentials]
"""By access key."""


def make_credentials(chance: Chance) -> Credentials:
    """A new holder. Its password is read and typed by people: no letter looks like another."""
    clear = "abcdefghjkmnpqrstuvwxyz23456789"
    return Credentials(
        access_key="LAMP" + chance(ascii_uppercase + digits, 16),
        secret=chance(ascii_letters + digits, 40),
        password="-".join(chance(clear, 5) for _ in range(4)),
        token=chance(ascii_letters + digits, 40),
    )


def write_credentials(holder: Credentials) -> str:
    """The text of a file that lets one holder in."""
    return (
        "# Who may come in to this engine. For the AWS CLI and SDKs: AWS_SHARED_CREDENTIALS_FILE=<this file>.\n"
        "[default]\n"
        f"aws_access_key_id = {holder.access_key}\n"
        f"aws_secret_access_key = {holder.secret}\n"
        "# Opens the console; change it as you like.\n"
        f"lamplighter_password = {holder.password}\n"
        "# For Prometheus, at /_lamplighter/metrics: authorization: {credentials: <this token>}\n"
        f"lamplighter_token = {holder.token}\n"
    )


def read_credentials(text: str) -> CredentialSet:
    """The holders of a file; raises NoCredentials."""
    parser = configparser.RawConfigParser(default_section="")
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise CredentialsUnreadable(f"is not in the format of AWS's credentials files: {error}") from None
    found = [_holder(parser[section]) for section in parser.sections()]
    holders = {holder.access_key: holder for holder in found if holder is not None}
    if not holders:
        raise CredentialsUnreadable("has no section with aws_access_key_id and aws_secret_access_key")
    return holders


def _holder(section: configparser.SectionProxy) -> Credentials | None:
    access_key, secret = section.get("aws_access_key_id", ""), section.get("aws_secret_access_key", "")
    if not (access_key and secret):
        return None
    return Credentials(
        access_key, secret, section.get("lamplighter_password") or secret, section.get("lamplighter_token", "")
    )
