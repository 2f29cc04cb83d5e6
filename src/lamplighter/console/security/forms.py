"""What a form sends, taken only from a form of ours.

Each form holds a token that the cookie of the same browser holds too, and that no other site can read or set; the
cookie is never sent along with another site's request. A token that is there is kept, so that two engines of one host
do not spoil each other's forms (cookies know no ports).
See https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html.
"""

import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from lamplighter.base.errors import AccessDenied, AwsError

COOKIE = "lamplighter-form"
FIELD = "token"
LARGEST = 2 * 1024 * 1024
"""Bytes: an input of 256 KiB, percent-encoded, and room."""

_TOKEN = re.compile(r"[0-9a-f-]{36}")


def form_token(request: Request) -> str | None:
    """The token of a browser that has one."""
    found = request.cookies.get(COOKIE, "")
    return found if _TOKEN.fullmatch(found) else None


def set_token(response: Response, value: str, *, secure: bool) -> None:
    """Give a browser its token."""
    response.set_cookie(COOKIE, value, httponly=True, samesite="strict", secure=secure, path="/")


async def read_fields(request: Request) -> Mapping[str, str]:
    """What was filled in; AccessDenied where the form was not ours."""
    given = dict(parse_qsl((await _body(request)).decode("utf-8", "replace"), keep_blank_values=True))
    expected = form_token(request)
    if expected is None or not hmac.compare_digest(given.pop(FIELD, "").encode(), expected.encode()):
        raise AccessDenied("this form is out of date: go back, reload the page and send it again", status=403)
    return given


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            raise AwsError(f"a form may have at most {LARGEST} bytes", code="RequestEntityTooLarge", status=413)
    return bytes(body)
