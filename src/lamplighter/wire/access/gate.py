"""Authenticate requests to an engine that listens beyond loopback, and reject the others with AWS's errors.

Guarantees that a request is accepted only with a holder's valid signature. Monitoring endpoints also accept a bearer
token, as Prometheus sends it, and a console session. See
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and
https://www.rfc-editor.org/rfc/rfc6750#section-2.1.
"""

import hmac
from dataclasses import replace

from lamplighter.base.errors import AccessDenied, MissingAuthentication, ServiceError, require
from lamplighter.wire.access import console_session, signatures
from lamplighter.wire.access.credentials import Credentials, CredentialSet
from lamplighter.wire.access.people import People
from lamplighter.wire.access.roles import Role
from lamplighter.wire.access.temporary_credentials import SessionToken
from lamplighter.wire.http import HttpRequest


class UnrecognizedClient(ServiceError, code="UnrecognizedClientException", status=403):
    """No holder has this access key."""


def admit_signed(http: HttpRequest, credentials: CredentialSet, now: int) -> Credentials:
    """Accept a request with a valid signature, and return who signed it; `now` is in milliseconds.

    Raises UnrecognizedClient and the errors of `signatures.verify_signature`.
    """
    holder = find_signer(http, credentials)
    signatures.verify_signature(http, holder.secret, now)
    return holder


def find_signer(http: HttpRequest, credentials: CredentialSet) -> Credentials:
    """Return the holder of the request's access key without verifying the signature. Raises UnrecognizedClient."""
    holder = credentials.get(signatures.read_scope(http).access_key)
    return require(holder, lambda: UnrecognizedClient("The security token included in the request is invalid."))


def find_session_signer(session: SessionToken, credentials: CredentialSet, secret: str) -> Credentials:
    """Return who signs with temporary credentials: the key that requested them, under the session's own secret.

    Raises UnrecognizedClient if the credentials file no longer has that key.
    """
    holder = credentials.get(session.parent)
    if holder is None:
        raise UnrecognizedClient("The security token included in the request is invalid.")
    return replace(holder, access_key=session.access_key, secret=secret)


def admit_monitoring(http: HttpRequest, people: People, now: int) -> None:
    """Accept a monitoring request with a bearer token, a signature or a console session; every role may read."""
    credentials = people.credentials
    if console_session.person_of_cookies(http.headers.get(b"cookie", b""), people, now) is not None:
        return
    if not _is_token_accepted(http, credentials):
        admit_signed(http, credentials, now)


def admit_key(http: HttpRequest, credentials: CredentialSet, now: int, needed: Role) -> None:
    """Accept a request that reads what tokens may not: it needs a signature with a key of a role."""
    refuse_token(http, credentials)
    if not admit_signed(http, credentials, now).role.allows(needed):
        raise AccessDenied(f"this needs a key with the role {needed}", status=403)


def refuse_token(http: HttpRequest, credentials: CredentialSet) -> None:
    """Raise AccessDenied for a request with a known bearer token, and MissingAuthentication for an unknown token."""
    if _is_token_accepted(http, credentials):
        raise AccessDenied("a token reads metrics, slots and runs; this needs a signed request", status=403)


def _is_token_accepted(http: HttpRequest, credentials: CredentialSet) -> bool:
    """Return whether a request has a bearer token. Raise MissingAuthentication if the token is unknown."""
    scheme, _, token = http.headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() != b"bearer":
        return False
    if not _has_token(token.strip(), credentials):
        raise MissingAuthentication("No section of the credentials file has this token as its lamplighter_token.")
    return True


def _has_token(token: bytes, credentials: CredentialSet) -> bool:
    """Return whether a holder has this token. All tokens are compared, so that the time taken reveals nothing."""
    return True in [hmac.compare_digest(token, each.token.encode()) for each in credentials.values() if each.token]
