"""What a web page of another site can have a browser send, and is refused here.

Such a page chooses method, path, query and body of a request, and where it goes; it cannot set an Authorization header
unless the server allows that in CORS' preflight, which this server never does. Promises that a call which nobody
verifies is taken only with an AWS signature in that header, so that no image, form, script, stream or navigation is a
call, whatever else the browser says or leaves out. Origin and Sec-Fetch-Site are looked at besides. Refuses a header
that stands there twice where it decides anything: two readers could each believe another one.
See https://fetch.spec.whatwg.org/#cors-safelisted-request-header, https://web.dev/articles/fetch-metadata and
https://www.rfc-editor.org/rfc/rfc9112#section-3.2.
"""

from collections import Counter
from collections.abc import Collection

from lamplighter.base.errors import AccessDenied, AwsError, MissingAuthentication
from lamplighter.wire.http import HttpRequest

ONCE = frozenset(
    {
        *(b"authorization", b"content-length", b"content-type", b"cookie", b"host", b"origin", b"referer"),
        *(b"smithy-protocol", b"transfer-encoding"),
    }
)
ONCE_PREFIXES = (b"sec-", b"x-amz-")
SCHEME = b"AWS4-"
"""What the name of every signature of version 4 begins with."""


def check_once(headers: Collection[tuple[bytes, bytes]]) -> None:
    """Refuse a request that says something twice of which there can be one; its names are in lower case."""
    if len(dict(headers)) == len(headers):
        return
    for name, count in Counter(name for name, _ in headers).items():
        if count > 1 and (name in ONCE or name.startswith(ONCE_PREFIXES)):
            raise AwsError(f"A request can have one header '{name.decode('latin-1')}' only.", code="InvalidRequest")


def check_origin(http: HttpRequest) -> None:
    """Refuse what a browser says that a web page sends; AccessDenied."""
    headers = http.headers
    if b"origin" in headers or headers.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin"):
        raise AccessDenied("this server does not answer to web pages", status=403)


def check_authorization(http: HttpRequest) -> None:
    """Refuse a call without an AWS signature in its Authorization header; MissingAuthentication."""
    if http.headers.get(b"authorization", b"").startswith(SCHEME):
        return
    if b"X-Amz-Credential=" in http.query:
        reason = "this engine has no credentials file, so it cannot verify a signature in the query"
        raise MissingAuthentication(f"Send the signature in the Authorization header: {reason}")
    raise MissingAuthentication("Missing Authentication Token")
