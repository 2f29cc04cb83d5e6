"""The requests that carry no signature: the links that SNS sends to subscribers.

A program confirms its subscription by a plain GET of the `SubscribeURL`, as on AWS. A person opens a page from a mail,
and presses its button: mail scanners follow every link, so that opening a link may change nothing. Promises to let
through these requests and nothing else; what they can do is bounded by the secret that they carry (a token, a
subscription's ARN), which no web page can guess. Refuses to unsubscribe by a GET, which AWS does: one request of
anybody would end alerts for good. The pages have the names of AWS's.
See https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html: "This call requires an AWS signature only
when the AuthenticateOnUnsubscribe flag is set to true".
"""

from lamplighter.wire.access.sigv4 import CredentialScope
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.protocols import query

CERTIFICATE = "/_lamplighter/sns/certificate.pem"
"""Where the certificate is of what SNS signs: it is no secret."""
CONFIRMATION, UNSUBSCRIBE = "/confirmation.html", "/unsubscribe.html"
"""The pages that links in mails open."""
NOBODY = CredentialScope(access_key="", date="", region="", service="sns")
"""The scope of who has not signed."""
_PAGES = frozenset({CONFIRMATION.encode(), UNSUBSCRIBE.encode()})
_READS = frozenset({"GET", "HEAD"})


def is_unsigned_allowed(http: HttpRequest) -> bool:
    """Whether a request needs no signature."""
    return is_confirmation_link(http) or is_subscription_page(http)


def is_confirmation_link(http: HttpRequest) -> bool:
    """Whether a program confirms its subscription."""
    return http.method == "GET" and _action(http) == "ConfirmSubscription"


def is_subscription_page(http: HttpRequest) -> bool:
    """Whether a person looks at one of the pages, or presses its button.

    An `UnsubscribeURL` shows its page too.
    """
    if _is_signed(http):
        return False
    if http.path in _PAGES:
        return http.method in _READS or http.method == "POST"
    return http.method in _READS and _action(http) == "Unsubscribe"


def _action(http: HttpRequest) -> str | None:
    """The operation of a query API that the query of an unsigned request names."""
    if _is_signed(http) or http.path != b"/" or http.body or b"Action=" not in http.query:
        return None
    return query.read_action(http)


def _is_signed(http: HttpRequest) -> bool:
    return b"authorization" in http.headers or b"X-Amz-Credential=" in http.query
