"""Say who makes a request: the account itself, a key of the credentials file, or a session of a role.

The first key of a credentials file, and any key if there is no such file, is the account's root user. Another key is
the user with the name of its section.
See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html.
"""

from dataclasses import dataclass
from hashlib import sha256

from lamplighter.base.aws import arn
from lamplighter.bus import Caller

ROOT_SECTION = "default"
ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity as GetCallerIdentity returns it."""

    user_id: str
    arn: str


def identity_of(caller: Caller) -> Identity:
    """Return who makes a request."""
    session = caller.session
    if session is not None:
        return Identity(f"{session.role_id}:{session.name}", session.arn)
    section = caller.signer.section if caller.signer is not None else ""
    if section in ("", ROOT_SECTION):
        return Identity(caller.account, arn.build("iam", "", caller.account, "root"))
    digest = sha256(f"{caller.account}/{section}".encode()).digest()
    user_id = "AIDA" + "".join(ID_LETTERS[each % 32] for each in digest[:17])
    return Identity(user_id, arn.build("iam", "", caller.account, f"user/{section}"))
