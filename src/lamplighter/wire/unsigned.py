"""The two requests that carry no signature: the links that SNS sends to who is subscribed.

A person opens them from a mail, a program with a plain GET. Promises to let through these two operations and nothing
beside them; what a link can do is bounded by the secret that it carries (a token, a subscription's ARN), which no web
page can guess. See https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html: "This call requires an AWS
signature only when the AuthenticateOnUnsubscribe flag is set to true".
"""

from lamplighter.wire import query
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.sigv4 import Scope

CERTIFICATE = "/_lamplighter/sns/certificate.pem"
"""Where the certificate is of what SNS signs: it is no secret."""
LINKS = frozenset({"ConfirmSubscription", "Unsubscribe"})
NOBODY = Scope(access_key="", date="", region="", service="sns")
"""The scope of who has not signed."""


def is_link(http: HttpRequest) -> bool:
    """Whether a request is the opening of one of the links."""
    signed = b"authorization" in http.headers or b"X-Amz-Credential=" in http.query
    if signed or http.method != "GET" or http.path != b"/" or http.body:
        return False
    return b"Action=" in http.query and query.action(http) in LINKS
