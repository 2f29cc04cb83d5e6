"""Send a request to an engine's own addresses (`monitoring.py`), signed as calls of AWS's APIs are."""

import urllib.error
import urllib.request

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.cli.target import Target

SIGNED_SERVICE = "lamplighter"
TIMEOUT_SECONDS = 600
"""Seconds to wait for an answer: an engine with a large database may count and delete for minutes."""


class EngineRefused(LamplighterError):
    """The engine did not do what the command asked for."""


def request_engine(target: Target, method: str, path: str) -> Json:
    """Return the answer of an engine as JSON. Raises `EngineRefused`."""
    assert target.endpoint is not None
    request = AWSRequest(method, f"{target.endpoint}{path}", data=b"" if method == "POST" else None)
    SigV4Auth(target.signing_credentials, SIGNED_SERVICE, target.region).add_auth(request)
    sent = urllib.request.Request(request.url, request.data, dict(request.headers), method=method)  # noqa: S310 - the user's URL
    try:
        with urllib.request.urlopen(sent, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            reason = error.read().decode(errors="replace")[:500]
        raise EngineRefused(f"{target} refused the request ({error.code}): {reason}") from None
    except (OSError, JsonError) as error:
        raise EngineRefused(f"{target} does not answer: {error}") from None
