"""Reject requests that a web page of another site can make a browser send.

Such a page chooses a request's method, path, query, body and destination. It cannot set an Authorization header unless
the server allows it in the CORS preflight, which this server never does. An engine without a credentials file does not
verify signatures. Guarantees that such an engine accepts a call only with an AWS signature in that header. So no image,
form, script, stream or navigation can make a call, whatever other headers the browser sends or omits. The exception is
a presigned URL of S3, with which a page can change nothing and read nothing (`check_authorization`). Origin and
Sec-Fetch-Site are checked in addition. Rejects a duplicate of any header that matters for a decision, because two
parsers could each use a different value.
See https://fetch.spec.whatwg.org/#cors-safelisted-request-header, https://web.dev/articles/fetch-metadata and
https://www.rfc-editor.org/rfc/rfc9112#section-3.2.
"""

from collections import Counter
from collections.abc import Collection

from lamplighter.base.errors import AccessDenied, AwsError, MissingAuthentication
from lamplighter.wire.access import signatures
from lamplighter.wire.http import HttpRequest

SINGLE_HEADERS = frozenset(
    {
        *(b"authorization", b"content-length", b"content-type", b"cookie", b"host", b"origin", b"referer"),
        *(b"smithy-protocol", b"transfer-encoding"),
    }
)
SINGLE_HEADER_PREFIXES = (b"sec-", b"x-amz-")
SIGNATURE_SCHEME = b"AWS4-"
"""The prefix of the name of every version 4 signature algorithm."""


def check_single_headers(headers: Collection[tuple[bytes, bytes]]) -> None:
    """Raise InvalidRequest if a header that may occur only once is repeated. Header names must be in lower case."""
    if len(dict(headers)) == len(headers):
        return
    for name, count in Counter(name for name, _ in headers).items():
        if count > 1 and (name in SINGLE_HEADERS or name.startswith(SINGLE_HEADER_PREFIXES)):
            shown = name.decode("latin-1")
            raise AwsError(f"The header '{shown}' may occur only once in a request.", code="InvalidRequest")


def check_origin(http: HttpRequest) -> None:
    """Raise AccessDenied if the browser's headers show that a web page sent the request."""
    headers = http.headers
    if b"origin" in headers or headers.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin"):
        raise AccessDenied("this server does not accept requests from web pages", status=403)


def check_authorization(http: HttpRequest, now: int) -> None:
    """Raise MissingAuthentication unless the Authorization header contains an AWS signature.

    A presigned URL of S3 is accepted until it ends, unless it is for POST: a GET changes nothing and a page cannot read
    its answer, and a browser sends PUT or DELETE only with the server's consent. `now` is in milliseconds.
    """
    if http.headers.get(b"authorization", b"").startswith(SIGNATURE_SCHEME):
        return
    if http.method != "POST" and signatures.is_presigned_for_s3(http):
        signatures.check_time(http, now)
        return
    if b"X-Amz-Credential=" in http.query:
        reason = "this engine has no credentials file, so it cannot verify a signature in the query"
        raise MissingAuthentication(f"Send the signature in the Authorization header: {reason}")
    raise MissingAuthentication("Missing Authentication Token")
