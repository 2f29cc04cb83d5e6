"""What comes in and what goes out, in ASGI's terms.

Promises to be plain values: nothing is parsed here. See https://asgi.readthedocs.io/en/latest/specs/www.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One HTTP request, read whole."""

    method: str
    """In capitals."""
    path: bytes
    """As on the request line, percent-encoding kept (ASGI's raw_path): an ARN in a path holds encoded slashes."""
    query: bytes
    """Without the question mark (ASGI's query_string)."""
    headers: Mapping[bytes, bytes]
    """By name in lower case: `dict(scope["headers"])`."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer, whole."""

    status: int
    headers: list[tuple[bytes, bytes]]
    """Names in lower case, content-length among them."""
    body: bytes


def make_response(status: int, content_type: bytes, body: bytes, request_id: str) -> Response:
    """Put the headers on that every answer carries: AWS's, and those that keep it from pages of other sites."""
    headers = [
        (b"x-amzn-requestid", request_id.encode()),
        (b"content-type", content_type),
        (b"content-length", b"%d" % len(body)),
        (b"x-content-type-options", b"nosniff"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]
    return Response(status, headers, body)
