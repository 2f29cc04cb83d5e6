"""Sign a request to an engine with AWS Signature Version 4, and send it over HTTP.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
"""

import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from lamplighter.base.world import real_world
from lamplighter.cli.call_errors import EndpointConnectionError, HTTPClientError, SSLError
from lamplighter.cli.read_url import Answer, read_url
from lamplighter.wire.access.sigv4 import ALGORITHM, CredentialScope, Signature, sign
from lamplighter.wire.http import HttpRequest

TIMEOUT_SECONDS = 60
"""Seconds to wait for a part of an answer."""
_OWN_HEADERS = {"user-agent": "lamplighter"}


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """What signs a call."""

    access_key: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
    """The session token of temporary credentials, or empty."""


@dataclass(frozen=True, slots=True)
class Signer:
    """What a signature is valid for, and the keys that make it."""

    keys: SigningKeys
    region: str
    service: str
    """The name of the service in signatures."""


Send = Callable[[str, str, Mapping[str, str], bytes], Answer]
"""Sends a request, given as method, URL, headers and body, and returns the answer."""


def send_over_http(
    method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float = TIMEOUT_SECONDS
) -> Answer:
    """Send a request and return the answer. Raises `EndpointConnectionError`, `SSLError` or `HTTPClientError`."""
    content = body if method in ("POST", "PUT") else None
    sent = urllib.request.Request(url, content, {**headers, **_OWN_HEADERS}, method=method)  # noqa: S310 - the user's URL
    try:
        return read_url(sent, timeout)
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLError):
            raise SSLError(endpoint_url=url, error=error.reason) from None
        raise EndpointConnectionError(endpoint_url=url, error=error.reason) from None
    except (OSError, ValueError) as error:
        raise HTTPClientError(error=error) from None


def signed_headers(request: HttpRequest, url: str, signer: Signer) -> Mapping[str, str]:
    """Return the headers of a request to an engine at a URL, with the signature."""
    keys = signer.keys
    now = f"{datetime.fromtimestamp(real_world().now() / 1000, UTC):%Y%m%dT%H%M%SZ}"
    headers = {name.decode(): value.decode() for name, value in request.headers.items()}
    headers |= {"host": urlsplit(url).netloc, "x-amz-date": now}
    if keys.token:
        headers["x-amz-security-token"] = keys.token
    names = ";".join(sorted(headers))
    given = HttpRequest(
        request.method,
        urlsplit(url).path.encode() + request.path,
        request.query,
        {name.encode(): value.encode() for name, value in headers.items()},
        request.body,
    )
    scope = CredentialScope(keys.access_key, now[:8], signer.region, signer.service)
    signature = sign(given, Signature(scope, names, "", now, 0, presigned=False), keys.secret)
    credential = f"{scope.access_key}/{scope.date}/{scope.region}/{scope.service}/aws4_request"
    parts = f"Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return {**headers, "authorization": f"{ALGORITHM} {parts}"}
