"""Call API destinations: send an event to an HTTP API, authorised by a connection.

Guarantees AWS's timeout of five seconds, and a retry if the status of the API's answer allows one: 401, 407, 409, 429
and 5xx. Each attempt is a request, so that the API gets the event at least once. The invocation rate limit is stored
and shown, but not applied.
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html.
"""

import asyncio
from collections.abc import Awaitable
from urllib.parse import quote

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads_or
from lamplighter.bus import Bus, Caller
from lamplighter.lang.input_transformer import select_path
from lamplighter.services.events.errors import ResourceNotFound
from lamplighter.services.events.tables import resources as rows
from lamplighter.store.db import Tx

TIMEOUT_SECONDS = 5.0
"""The timeout in seconds: "a maximum client execution timeout of five seconds"."""
RETRYABLE_STATUSES = frozenset({401, 407, 409, 429})
HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Amazon/EventBridge/ApiDestinations"}
HTTP_ERROR_PREFIX = "States.Http.StatusCode."
"""The beginning of the bus's error code for an HTTP answer outside 2xx; the status follows."""


def http_values(target: Json, event: Json) -> Json:
    """Return what a target adds to the request: constants, and values at paths of the original event."""
    given = target.get("HttpParameters", {})
    return {
        "Path": [_resolve_value(each, event) for each in given.get("PathParameterValues", ())],
        "Headers": {name: _resolve_value(each, event) for name, each in given.get("HeaderParameters", {}).items()},
        "Query": {name: _resolve_value(each, event) for name, each in given.get("QueryStringParameters", {}).items()},
    }


def call_api(bus: Bus, tx: Tx, caller: Caller, params: Json) -> Awaitable[Json]:
    """Call an API destination after the commit of this turn."""
    destination = rows.get_by_arn(tx, params["destination"])
    if destination is None:
        raise ResourceNotFound(f"{params['destination']} does not exist.")
    endpoint = _fill_endpoint(destination.body["InvocationEndpoint"], params["http"]["Path"])
    if not endpoint.startswith(("https://", "http://")):
        raise AwsError("The endpoint of the API destination is not an HTTP or HTTPS URL.", code="INVALID_PARAMETER")
    request = {
        "Authentication": {"ConnectionArn": destination.body["ConnectionArn"]},
        "Method": destination.body["HttpMethod"],
        "ApiEndpoint": endpoint,
        "Headers": HEADERS | params["http"]["Headers"],
        "QueryParameters": params["http"]["Query"],
        "RequestBody": loads_or(params["body"], params["body"]),
    }
    return _await_answer(bus.invoke(tx, caller, "http", "Invoke", request))


async def _await_answer(call: Awaitable[Json]) -> Json:
    try:
        answer: Json = await asyncio.wait_for(call, TIMEOUT_SECONDS)
    except TimeoutError:
        raise AwsError(
            f"The API did not answer in {TIMEOUT_SECONDS:.0f} seconds.", code="TIMEOUT", status=504
        ) from None
    except AwsError as error:
        raise _with_retryable_status(error) from None
    return {"StatusCode": answer["StatusCode"]}


def _with_retryable_status(error: AwsError) -> AwsError:
    """Return the error as the delivery queue expects it: an error that may pass has a status that allows a retry."""
    if not error.code.startswith(HTTP_ERROR_PREFIX):
        return AwsError(error.message, code="CONNECTION_FAILURE", status=503)
    status = int(error.code.removeprefix(HTTP_ERROR_PREFIX))
    retryable_status = status if status == 429 or status >= 500 else 503 if status in RETRYABLE_STATUSES else 400
    return AwsError(f"{status} {error.message}".strip(), code="ERROR_FROM_TARGET", status=retryable_status)


def _resolve_value(given: str, event: Json) -> str:
    if not given.startswith("$."):
        return given
    found = select_path(given, event)
    return "" if not found else found[0] if isinstance(found[0], str) else dumps(found[0])


def _fill_endpoint(endpoint: str, values: list[str]) -> str:
    """Return an endpoint with its asterisks replaced by values, in order."""
    first, *others = endpoint.split("*")
    values = [quote(value, safe="") for value in values] + ["*"] * len(others)
    return first + "".join(value + part for value, part in zip(values, others, strict=False))
