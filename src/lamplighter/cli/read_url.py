"""Send requests to an engine's own addresses, such as its health; they trust the same authorities as calls of AWS.

Guarantees the whole answer, whatever its status, or an OSError: what listens at an address may be no engine and no web
server, and an answer may break off.
"""

import os
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException, HTTPResponse

TIMEOUT_SECONDS = 20
"""Seconds to wait for an answer: an engine on a busy machine must not be taken for none."""
CA_VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
"""The variables that name a file with trusted authorities, as botocore reads them; the first that is set counts."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Message
    body: bytes


def read_url(request: urllib.request.Request | str, timeout: float = TIMEOUT_SECONDS) -> Answer:
    """Send a request and return the answer.

    Raises OSError, also for an untrusted certificate and an answer that is no HTTP or breaks off, and ValueError.
    """
    try:
        try:
            with _open_url(request, timeout) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as refusal:
            with refusal:
                return Answer(refusal.code, refusal.headers, refusal.read())
    except HTTPException as error:
        raise ConnectionError(str(error) or type(error).__name__) from None


def _open_url(request: urllib.request.Request | str, timeout: float) -> HTTPResponse:
    url = request if isinstance(request, str) else request.full_url
    bundle = next(filter(None, map(os.environ.get, CA_VARIABLES)), None)
    context = ssl.create_default_context(cafile=bundle) if url.startswith("https:") else None
    answer: HTTPResponse = urllib.request.urlopen(request, timeout=timeout, context=context)  # noqa: S310 - the user's URL
    return answer
