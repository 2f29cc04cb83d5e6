"""Make visitors who follow a link from another site (an alert mail, a chat) arrive with the console's cookies.

Browsers withhold SameSite=Strict cookies when another site links here. A logged-in visitor would see the login page,
and open forms in other windows would lose their token. This module answers such a visit with a page that reloads the
same address, now from this site. Guarantees that it does so once: a cookie of a few seconds records it.
See https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Set-Cookie#samesitesamesite-value.
"""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

COOKIE_NAME, COOKIE_SECONDS = "lamplighter-arrived", 5
RELOAD_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta http-equiv="refresh" content="0"><title>lamplighter</title></head>
</html>
"""


def is_cross_site_link(method: str, headers: Mapping[str, str]) -> bool:
    """Return whether a page of another site led the visitor here, and the reload has not happened yet."""
    elsewhere = headers.get("sec-fetch-site") in ("cross-site", "same-site")
    page = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest", "document") == "document"
    return method == "GET" and elsewhere and page and COOKIE_NAME not in cookie_parser(headers.get("cookie", ""))


def reload_visit(scope: Scope) -> Response | None:
    """Return the reloading page for a visit from another site; None for other requests."""
    if not is_cross_site_link(scope["method"], Headers(scope=scope)):
        return None
    response = HTMLResponse(RELOAD_PAGE)
    response.set_cookie(COOKIE_NAME, "1", max_age=COOKIE_SECONDS, httponly=True, samesite="lax")
    return response
