"""The gate of an engine that strangers can reach: who is let in, and in which words AWS turns the others away.

Promises that a request is let in whose signature is a holder's. What only shows how the engine is may be asked for with
a bearer token besides, as Prometheus sends it, and by who has logged in to the console. See
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and
https://www.rfc-editor.org/rfc/rfc6750#section-2.1.
"""

import hmac

from lamplighter.base.errors import MissingAuthentication, ServiceError
from lamplighter.wire.access import console_session, sigv4
from lamplighter.wire.access.credentials import Credentials, CredentialSet
from lamplighter.wire.http import HttpRequest


class UnrecognizedClient(ServiceError, code="UnrecognizedClientException", status=403):
    """Nobody holds the access key."""


def admit_signed(http: HttpRequest, holders: CredentialSet, now: int) -> None:
    """Let a signed request in; `now` is in milliseconds. Raises what sigv4.verify does, and UnrecognizedClient."""
    sigv4.verify_signature(http, find_signer(http, holders).secret, now)


def find_signer(http: HttpRequest, holders: CredentialSet) -> Credentials:
    """Who says that he has signed, which is still to be verified; raises UnrecognizedClient."""
    holder = holders.get(sigv4.read_scope(http).access_key)
    if holder is None:
        raise UnrecognizedClient("The security token included in the request is invalid.")
    return holder


def admit_monitoring(http: HttpRequest, holders: CredentialSet, now: int) -> None:
    """Let in who bears a token, has signed, or has logged in to the console."""
    if console_session.has_valid_session(http.headers.get(b"cookie", b""), holders, now):
        return
    scheme, _, token = http.headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() != b"bearer":
        admit_signed(http, holders, now)
    elif not _bears(token.strip(), holders):
        raise MissingAuthentication("No section of the credentials file has this token as its lamplighter_token.")


def _bears(token: bytes, holders: CredentialSet) -> bool:
    """Every token is compared, so that the time taken tells nothing."""
    return True in [hmac.compare_digest(token, each.token.encode()) for each in holders.values() if each.token]
