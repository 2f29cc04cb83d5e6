"""Send a request to an engine's own addresses (`monitoring.py`), signed as calls of AWS's APIs are."""

from urllib.parse import urlencode

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json, JsonError, loads, loads_or
from lamplighter.cli.engine_client.find_region import DEFAULT_REGION
from lamplighter.cli.engine_client.signed_request import Signer, send_over_http, signed_headers
from lamplighter.cli.target import Target
from lamplighter.wire.http import HttpRequest

SIGNED_SERVICE = "lamplighter"
TIMEOUT_SECONDS = 600
"""Seconds to wait for an answer: an engine with a large database may count and delete for minutes."""


class EngineRefused(LamplighterError):
    """The engine did not do what the command asked for."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def request_engine(target: Target, method: str, path: str, **query: Json) -> Json:
    """Return the answer of an engine as JSON. Raises `EngineRefused`, and an error of the connection."""
    assert target.endpoint is not None
    text = urlencode(query)
    request = HttpRequest(method, path.encode(), text.encode(), {}, b"")
    signer = Signer(target.signing_keys, target.region or DEFAULT_REGION, SIGNED_SERVICE)
    headers = signed_headers(request, target.endpoint, signer)
    url = f"{target.endpoint}{path}{'?' if text else ''}{text}"
    if target.stopped is None:
        answer = send_over_http(method, url, headers, b"", TIMEOUT_SECONDS)
    else:
        answer = target.stopped.send(method, url, headers, b"")
    if answer.status != 200:
        reason = _error_message(answer.body.decode(errors="replace"))[:500]
        raise EngineRefused(f"{target} refused the request ({answer.status}): {reason}", answer.status)
    try:
        return loads(answer.body)
    except JsonError as error:
        raise EngineRefused(f"{target} returned no JSON: {error}", answer.status) from None


def _error_message(body: str) -> str:
    """Return the message of a refusal; the body itself if it is none, because another program has answered."""
    found = loads_or(body, None)
    return str(found["message"]) if isinstance(found, dict) and "message" in found else body
