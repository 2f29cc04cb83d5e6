"""Compress pages, static files and downloads with gzip for browsers that accept it.

Event streams stay as they are, so that each event arrives at once; so do short answers, which would not get shorter.
Guarantees that no page of another site can choose what is compressed beside what the visitor may see: the length of an
encrypted answer would tell it, guess by guess, what else is on the page (BREACH). Such a site can only link here, and
the answer to a link from another site is not compressed.
See https://breachattack.com and https://www.starlette.io/middleware/#gzipmiddleware.
"""

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from lamplighter.console.security.cross_site_links import COOKIE_NAME

MIN_BYTES = 500
"""The length of the shortest answer that is compressed."""
LEVEL = 6
"""zlib's own default: level 9 takes twice as long and saves 1 %."""


class Compression:
    """ASGI middleware that compresses answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressed = GZipMiddleware(app, MIN_BYTES, LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and compress the answer unless another site led the visitor here."""
        app = self._app if _follows_link_from_other_site(scope) else self._compressed
        await app(scope, receive, send)


def _follows_link_from_other_site(scope: Scope) -> bool:
    cookies = dict(scope["headers"]).get(b"cookie", b"").decode("latin-1")
    return COOKIE_NAME in cookie_parser(cookies)
