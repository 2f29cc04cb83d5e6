"""Read and write the credentials file of an engine: AWS's shared format with a few additional settings.

AWS's tools ignore these settings.

    [default]
    aws_access_key_id = LAMP…
    aws_secret_access_key = …
    lamplighter_password = …
    lamplighter_token = …
    lamplighter_role = change    look, run or change: what the key may do, and the owner in the console
    lamplighter_login = yes      no: nobody can log in to the console with this section
    lamplighter_audit = yes      no: the audit log leaves out what is done with the key

Guarantees that every section with an access key and a secret is a holder. A second key is a second section, and an
access key of twelve digits is an account by itself. Rejects a file without any holder.
See https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html.
"""

import configparser
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from string import ascii_letters, ascii_uppercase, digits

from lamplighter.base.errors import LamplighterError
from lamplighter.wire.access.roles import Role

RandomText = Callable[[str, int], str]
"""A function that returns so many unguessable characters from an alphabet, such as `base.world.random_key`."""


class InvalidCredentialsFile(LamplighterError):
    """The credentials file contains no credentials or cannot be parsed."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of a holder, who can authenticate with any of three secrets."""

    access_key: str
    secret: str = field(repr=False)
    """The key that signs requests."""
    password: str = field(repr=False)
    """The password for the console: the file's, otherwise the secret."""
    token: str = field(default="", repr=False)
    """The bearer token for reading metrics, slots and runs. If empty, no token is accepted."""
    name: str = "default"
    """The name of the section."""
    role: Role = Role.CHANGE
    """What the key may do, and the owner in the console."""
    logs_in: bool = True
    """Whether the password opens the console."""
    audited: bool = True
    """Whether the audit log contains what is done with the key."""


CredentialSet = Mapping[str, Credentials]


def make_credentials(random_text: RandomText) -> Credentials:
    """Generate credentials. People read and type the password, so its alphabet has no characters that look alike."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return Credentials(
        access_key="LAMP" + random_text(ascii_uppercase + digits, 16),
        secret=random_text(ascii_letters + digits, 40),
        password="-".join(random_text(alphabet, 5) for _ in range(4)),
        token=random_text(ascii_letters + digits, 40),
    )


def format_credentials(holder: Credentials) -> str:
    """Return the text of a credentials file with one holder."""
    return (
        "# Credentials for this engine. For the AWS CLI and SDKs: AWS_SHARED_CREDENTIALS_FILE=<this file>.\n"
        "[default]\n"
        f"aws_access_key_id = {holder.access_key}\n"
        f"aws_secret_access_key = {holder.secret}\n"
        "# The password of the console. You may change it.\n"
        f"lamplighter_password = {holder.password}\n"
        "# For Prometheus, at /_lamplighter/metrics: authorization: {credentials: <this token>}\n"
        f"lamplighter_token = {holder.token}\n"
    )


def parse_credentials(text: str) -> CredentialSet:
    """Parse a credentials file and return its holders. Raises InvalidCredentialsFile."""
    parser = configparser.RawConfigParser(default_section="")
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise InvalidCredentialsFile(f"is not in the format of AWS's credentials files: {error}") from None
    found = [_parse_holder(parser[section]) for section in parser.sections()]
    credentials = {holder.access_key: holder for holder in found if holder is not None}
    if not credentials:
        raise InvalidCredentialsFile("has no section with aws_access_key_id and aws_secret_access_key")
    return credentials


def _parse_holder(section: configparser.SectionProxy) -> Credentials | None:
    access_key, secret = section.get("aws_access_key_id", ""), section.get("aws_secret_access_key", "")
    if not (access_key and secret):
        return None
    return Credentials(
        access_key,
        secret,
        section.get("lamplighter_password") or secret,
        section.get("lamplighter_token", ""),
        name=section.name,
        role=_parse_role(section),
        logs_in=_parse_switch(section, "lamplighter_login"),
        audited=_parse_switch(section, "lamplighter_audit"),
    )


def _parse_role(section: configparser.SectionProxy) -> Role:
    text = section.get("lamplighter_role", Role.CHANGE)
    if text not in list(Role):
        raise InvalidCredentialsFile(f"has lamplighter_role = {text} in [{section.name}]: use {', '.join(Role)}")
    return Role(text)


def _parse_switch(section: configparser.SectionProxy, name: str) -> bool:
    text = section.get(name, "yes")
    if text not in ("yes", "no"):
        raise InvalidCredentialsFile(f"has {name} = {text} in [{section.name}]: use yes or no")
    return text == "yes"
