"""Keep other sites from pressing the console's buttons, framing its pages or reading them.

Guarantees that a request which changes something comes from a page of this console (the Origin matches the Host, and
`forms.py` also checks the token). Another site can only link to a page. Every response has a strict content security
policy: scripts and styles come from the console's own files, and nothing is loaded from other sites.
See https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CSP and https://web.dev/articles/fetch-metadata.
"""

import logging
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lamplighter.base.errors import AccessDenied, AwsError
from lamplighter.wire.access import cross_site
from lamplighter.wire.access.host_header import AllowedHosts
from lamplighter.wire.http import READ_METHODS

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS: Mapping[str, str] = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
log = logging.getLogger("lamplighter.console")


def check_same_origin(method: str, headers: Mapping[str, str]) -> None:
    """Raise AccessDenied for requests that a page of another site sends."""
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        raise AccessDenied("this console rejects requests from other sites", status=403)
    if method not in READ_METHODS and origin is None:
        raise AccessDenied("changes must be made from a page of this console", status=403)
    site = headers.get("sec-fetch-site", "none")
    is_navigation = method in READ_METHODS and headers.get("sec-fetch-mode") == "navigate"
    is_navigation = is_navigation and headers.get("sec-fetch-dest", "document") == "document"
    if site not in ("none", "same-origin") and not is_navigation:
        raise AccessDenied("this console rejects requests from other sites", status=403)


def refuse_other_sites(scope: Scope) -> Response | None:
    """Return the refusal of a request that a page of another site sends; None for other requests."""
    try:
        check_same_origin(scope["method"], Headers(scope=scope))
    except AccessDenied as error:
        return PlainTextResponse(f"{error.message}\n", error.status)
    return None


def refuse_other_hosts(scope: Scope) -> Response | None:
    """Return the refusal of a request that names another host than this machine; None for other requests."""
    try:
        cross_site.check_single_headers(scope["headers"])
        AllowedHosts().check(dict(scope["headers"]).get(b"host", b""))
    except AwsError as error:
        return PlainTextResponse(f"{error.message}\n", error.status)
    return None


class Interceptor:
    """ASGI middleware that answers some requests itself: those for which `answer` returns a response."""

    def __init__(self, app: ASGIApp, answer: Callable[[Scope], Response | None]) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, or pass the request on."""
        response = self._answer(scope)
        await (self._app if response is None else response)(scope, receive, send)


class SecurityHeaders:
    """ASGI middleware that adds the security headers to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the headers to the response."""

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, hardened)
        except Exception:
            # Starlette has sent the error page already. It raises the error again for the log.
            log.exception("%s %s failed", scope["method"], scope["path"])
