"""Whoever comes by a link from elsewhere (a mail that tells of a failure, a chat) comes with their cookies.

Browsers keep strict cookies back when another site leads here, so that whoever has logged in would be shown the door,
and forms that are open in other windows would lose their token. Such a visit is answered with a page that asks for the
same address again, now from here. Promises to do so once: a cookie of a few seconds remembers it.
See https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Set-Cookie#samesitesamesite-value.
"""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

COOKIE, SECONDS = "lamplighter-arrived", 5
AGAIN = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta http-equiv="refresh" content="0"><title>lamplighter</title></head>
</html>
"""


def is_cross_site_link(method: str, headers: Mapping[str, str]) -> bool:
    """Whether another site's page led a person here, who was not asked to come again yet."""
    elsewhere = headers.get("sec-fetch-site") in ("cross-site", "same-site")
    page = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest", "document") == "document"
    return method == "GET" and elsewhere and page and COOKIE not in cookie_parser(headers.get("cookie", ""))


class CrossSiteLinks:
    """An application whose visitors all have their cookies with them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or have it made again."""
        if is_cross_site_link(scope["method"], Headers(scope=scope)):
            response = HTMLResponse(AGAIN)
            response.set_cookie(COOKIE, "1", max_age=SECONDS, httponly=True, samesite="lax")
            await response(scope, receive, send)
        else:
            await self._app(scope, receive, send)
