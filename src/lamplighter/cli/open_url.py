"""Send requests to an engine's own addresses, such as its health; they trust the same authorities as calls of AWS."""

import os
import ssl
import urllib.request
from http.client import HTTPResponse

TIMEOUT_SECONDS = 5
"""Seconds to wait for an answer."""
CA_VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
"""The variables that name a file with trusted authorities, as botocore reads them; the first that is set counts."""


def open_url(request: urllib.request.Request | str, timeout: float = TIMEOUT_SECONDS) -> HTTPResponse:
    """Send a request and return the answer. Raises OSError, also for an untrusted certificate, and ValueError."""
    url = request if isinstance(request, str) else request.full_url
    bundle = next(filter(None, map(os.environ.get, CA_VARIABLES)), None)
    context = ssl.create_default_context(cafile=bundle) if url.startswith("https:") else None
    answer: HTTPResponse = urllib.request.urlopen(request, timeout=timeout, context=context)  # noqa: S310 - the user's URL
    return answer
