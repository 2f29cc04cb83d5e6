"""Call the operations of an engine that AWS's APIs do not contain, at the engine's own addresses (`monitoring.py`).

AWS has none of them, and an engine of an earlier version has fewer: then the answer is None.
"""

from lamplighter.base.errors import AccessDenied, AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.cli.engine_client.find_region import DEFAULT_REGION
from lamplighter.cli.engine_request import EngineRefused, request_engine
from lamplighter.cli.target import Target
from lamplighter.console.ports.port import Place

CALL_PATH, ACKNOWLEDGE_PATH = "/_lamplighter/call", "/_lamplighter/acknowledge"


def call_engine(target: Target, place: Place, service: str, operation: str, params: Json) -> Json:
    """Return the answer of an operation; None if the target does not have it. Raises `AwsError` if it refuses.

    Without an account, the engine's own is asked.
    """
    if target.endpoint is None:
        return None
    try:
        if operation == "Acknowledge":
            return acknowledge(target, params["Arn"], params.get("Note", ""), undo=bool(params.get("Undo")))
        query = {"service": service, "operation": operation, "params": dumps(params)}
        query |= {"account": place.account} if place.account else {}
        return request_engine(target, "GET", CALL_PATH, region=place.region or DEFAULT_REGION, **query)
    except EngineRefused as error:
        if error.status in (400, 404) and operation != "Acknowledge":
            return None
        code = AccessDenied.code if error.status in (401, 403) else "EngineRefused"
        raise AwsError(str(error), code=code, status=error.status) from None


def read_from_engine(target: Target, service: str, operation: str, **params: Json) -> Json:
    """Return the answer of an operation in the target's region and the engine's own account, as `call_engine` does."""
    return call_engine(target, Place("", target.region), service, operation, params)


def acknowledge(target: Target, arn: str, note: str, *, undo: bool = False) -> Json:
    """Mark a failure as seen, or remove the mark. Raises `EngineRefused`."""
    return request_engine(target, "POST", ACKNOWLEDGE_PATH, arn=arn, note=note, **({"undo": 1} if undo else {}))
