"""Define HTTP requests and responses as plain values in ASGI's terms.

This module parses nothing. See https://asgi.readthedocs.io/en/latest/specs/www.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lamplighter.base.file_body import FileBody, ReceivedFile

READ_METHODS = frozenset({"GET", "HEAD"})
"""The methods that change nothing: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A complete HTTP request."""

    method: str
    """The HTTP method in upper case."""
    path: bytes
    """The path from the request line, still percent-encoded (ASGI's raw_path), because ARNs contain slashes."""
    query: bytes
    """The query string without the question mark (ASGI's query_string)."""
    headers: Mapping[bytes, bytes]
    """The headers, with names in lower case: `dict(scope["headers"])`."""
    body: bytes
    file: ReceivedFile | None = None
    """The body of a request that is stored as an object; `body` is then empty."""


@dataclass(frozen=True, slots=True)
class Response:
    """A complete HTTP response."""

    status: int
    headers: list[tuple[bytes, bytes]]
    """The headers, with names as AWS spells them and including content-length."""
    body: bytes
    file: FileBody | None = None
    """A body that is sent piece by piece; `body` is then empty."""


def make_response(status: int, content_type: bytes, body: bytes, request_id: str) -> Response:
    """Create a response with AWS's headers and those that keep pages of other sites from using the answer."""
    headers = [
        (b"x-amzn-RequestId", request_id.encode()),
        (b"content-type", content_type),
        (b"content-length", b"%d" % len(body)),
        (b"x-content-type-options", b"nosniff"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]
    return Response(status, headers, body)
