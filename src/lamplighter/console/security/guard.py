"""What stands before every page: nobody else's web page may press its buttons, frame it or read it.

Promises that a request that changes something comes from a page of ours (same Origin as Host, and `forms.py` asks for
the token besides), that another site can do no more than link here, and that every answer carries a strict policy:
scripts and styles are files of ours, nothing else is loaded from anywhere.
See https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CSP and https://web.dev/articles/fetch-metadata.
"""

import logging
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lamplighter.base.errors import AccessDenied, AwsError
from lamplighter.wire.access import cross_site
from lamplighter.wire.access.host_header import AllowedHosts

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
log = logging.getLogger("lamplighter.console")
READS = frozenset({"GET", "HEAD"})


def check_same_origin(method: str, headers: Mapping[str, str]) -> None:
    """Refuse what another site's page sends; AccessDenied."""
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        raise AccessDenied("this console does not answer to pages of other sites", status=403)
    if method not in READS and origin is None:
        raise AccessDenied("what changes something must come from a page of this console", status=403)
    site = headers.get("sec-fetch-site", "none")
    linked = method in READS and headers.get("sec-fetch-mode") == "navigate"
    linked = linked and headers.get("sec-fetch-dest", "document") == "document"
    if site not in ("none", "same-origin") and not linked:
        raise AccessDenied("this console does not answer to pages of other sites", status=403)


class LocalHostOnly:
    """An application that answers to the names of this machine only."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        try:
            cross_site.check_once(scope["headers"])
            AllowedHosts().check(dict(scope["headers"]).get(b"host", b""))
        except AwsError as error:
            await PlainTextResponse(f"{error.message}\n", error.status)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class SecurityHeaders:
    """An application whose answers all carry the headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, hardened)
        except Exception:
            # Starlette has answered with the page for it, and raises it for whoever keeps the log.
            log.exception("%s %s failed", scope["method"], scope["path"])


class RequestGuard:
    """An application that only its own pages and people reach."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        try:
            check_same_origin(scope["method"], Headers(scope=scope))
        except AccessDenied as error:
            await PlainTextResponse(f"{error.message}\n", error.status)(scope, receive, send)
            return
        await self._app(scope, receive, send)
