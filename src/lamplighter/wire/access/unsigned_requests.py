"""Recognize the only calls of an API that need no signature: the links that SNS sends to subscribers.

A program confirms its subscription by a plain GET of the `SubscribeURL`, as on AWS. A person opens a page from a mail
and presses its button. Opening a page changes nothing, because mail scanners follow every link. Guarantees that no
other call is accepted unsigned; `monitoring.py` has the public addresses that are not calls. The secret in the link (a
token or a subscription's ARN) limits what the request can do, and no web page can guess the secret. Unlike AWS, rejects
unsubscribing by a GET: one GET by any client would end the alerts permanently. The pages have the same names as AWS's.
See https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html: "This call requires an AWS signature only
when the AuthenticateOnUnsubscribe flag is set to true".
"""

import re

from lamplighter.wire.access.sigv4 import CredentialScope
from lamplighter.wire.http import READ_METHODS, HttpRequest
from lamplighter.wire.protocols import query

CERTIFICATE_PATH = "/_lamplighter/sns/certificate.pem"
"""The path of the public certificate that verifies SNS's signatures."""
CERTIFICATE_PREFIX = "SimpleNotificationService-"
"""How the name of the certificate begins in `SigningCertURL`, as on AWS: /SimpleNotificationService-<hash>.pem."""
CONFIRMATION_PATH, UNSUBSCRIBE_PATH = "/confirmation.html", "/unsubscribe.html"
"""The paths of the pages that links in mails open."""
UNSIGNED_SCOPE = CredentialScope(access_key="", date="", region="", service="sns")
_CERTIFICATE_LINK = re.compile(f"/{CERTIFICATE_PREFIX}[0-9a-f]{{32}}\\.pem".encode())
_PAGES = frozenset({CONFIRMATION_PATH.encode(), UNSUBSCRIBE_PATH.encode()})


def resolve_certificate_link(path: bytes) -> bytes:
    """Return the certificate's own path for the path of a `SigningCertURL`, and any other path as it is."""
    return CERTIFICATE_PATH.encode() if _CERTIFICATE_LINK.fullmatch(path) else path


def is_unsigned_allowed(http: HttpRequest) -> bool:
    """Return whether a request needs no signature."""
    return is_confirmation_link(http) or is_subscription_page(http)


def is_confirmation_link(http: HttpRequest) -> bool:
    """Return whether the request confirms a program's subscription."""
    return http.method == "GET" and _action(http) == "ConfirmSubscription"


def is_subscription_page(http: HttpRequest) -> bool:
    """Return whether a person opens one of the pages, by an `UnsubscribeURL` too, or presses its button."""
    if _is_signed(http):
        return False
    if http.path in _PAGES:
        return http.method in READ_METHODS or http.method == "POST"
    return http.method in READ_METHODS and _action(http) == "Unsubscribe"


def _action(http: HttpRequest) -> str | None:
    """Return the query API operation that an unsigned request for `/` names in its query string, or None."""
    if _is_signed(http) or http.path != b"/" or http.body or b"Action=" not in http.query:
        return None
    return query.read_action(http)


def _is_signed(http: HttpRequest) -> bool:
    return b"authorization" in http.headers or b"X-Amz-Credential=" in http.query
