"""Read submitted forms and reject those that are not the console's own.

Each form contains a token that is also in a cookie of the same browser. No other site can read or set the token, and
browsers never send the cookie with a request of another site. An existing token is kept, so that two engines on one
host do not invalidate each other's forms (cookies are not separated by port).
See https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html.
"""

import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from lamplighter.base.errors import AccessDenied, AwsError

CSRF_COOKIE = "lamplighter-form"
CSRF_FIELD = "token"
MAX_FORM_BYTES = 2 * 1024 * 1024
"""The largest form in bytes: room for an input of 256 KiB, percent-encoded."""

_TOKEN = re.compile(r"[0-9a-f-]{36}")


def form_token(request: Request) -> str | None:
    """Return the token in the browser's cookie, or None."""
    found = request.cookies.get(CSRF_COOKIE, "")
    return found if _TOKEN.fullmatch(found) else None


def is_encrypted(request: Request) -> bool:
    """Return whether the browser uses HTTPS, with the engine or with a proxy that says so in `X-Forwarded-Proto`.

    A caller may invent this header: a cookie for HTTPS only is never less safe.
    """
    return request.url.scheme == "https" or request.headers.get("x-forwarded-proto", "") == "https"


def set_token(response: Response, value: str, *, secure: bool) -> None:
    """Set the cookie with the browser's token."""
    response.set_cookie(CSRF_COOKIE, value, httponly=True, samesite="strict", secure=secure, path="/")


async def read_fields(request: Request) -> Mapping[str, str]:
    """Return the form's fields; several fields of one name are the lines of one text.

    Raises AccessDenied if the token is missing or wrong.
    """
    given: dict[str, str] = {}
    for name, value in parse_qsl((await _read_body(request)).decode("utf-8", "replace"), keep_blank_values=True):
        given[name] = f"{given[name]}\n{value}" if name in given else value
    expected = form_token(request)
    if expected is None or not hmac.compare_digest(given.pop(CSRF_FIELD, "").encode(), expected.encode()):
        raise AccessDenied("this form is out of date: go back, reload the page and send it again", status=403)
    return given


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_FORM_BYTES:
            raise AwsError(f"a form may have at most {MAX_FORM_BYTES} bytes", code="RequestEntityTooLarge", status=413)
    return bytes(body)
