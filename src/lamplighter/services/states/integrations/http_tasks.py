"""Call HTTP APIs for Task states: `http:invoke`, authorised by an EventBridge connection.

Guarantees one request for each attempt; after a crash the request is repeated, as Step Functions repeats its own calls.
Rejects redirects, which are errors as on AWS. An endpoint may use http as well as https, because on a single machine it
is often a local service. See https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html.
"""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, JsonError, dumps, loads, loads_or
from lamplighter.bus import Bus, Caller, Operation
from lamplighter.outbound.port import DeliveryFailed, Http, HttpRequest, HttpResponse
from lamplighter.services.states.integrations.parameter_conversion import ParametersRefused
from lamplighter.store.db import Tx

SERVICE = "http"
TIMEOUT_SECONDS = 60.0
"""The timeout of a request and its whole response in seconds: "60 seconds … can't be changed"."""
MAX_RESPONSE_BYTES = 262_144
"""The most bytes of a response that a state can carry; one byte more is read, to detect a longer response."""
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass(frozen=True, slots=True)
class HttpExchange:
    """The request and the response of one call."""

    request: HttpRequest
    request_without_secrets: HttpRequest
    """The request without the connection's additions, which may be secret."""
    reply: HttpResponse


OnExchange = Callable[[HttpExchange], None]


class HttpFailed(AwsError):
    """The error that the API rejected the call or did not answer; its code is the error name in the state machine."""


class HttpTasks:
    """The HTTP service on the bus, which calls APIs for Task states."""

    def __init__(self, bus: Bus, web: Http) -> None:
        self._bus = bus
        self._web = web
        bus.serve(SERVICE, {"Invoke": Operation(write=self.invoke)})

    def invoke(self, tx: Tx, caller: Caller, params: Json, on_exchange: OnExchange | None = None) -> Awaitable[Json]:
        """Return an awaitable that makes the call after the commit; `on_exchange` receives the request and the
        response.
        """
        places = (_text_at(params, name, "ConnectionArn") for name in ("Authentication", "InvocationConfig"))
        connection = next(filter(None, places), None)
        if connection is None:
            raise ParametersRefused('The field "Authentication" is required but was missing')
        found = self._bus.invoke(tx, caller, "events.connections", "RetrieveCredentials", {"ConnectionArn": connection})
        return self._call(params, _build_request(params, found["AuthParameters"]), found, on_exchange)

    async def _call(self, params: Json, request: HttpRequest, connection: Json, on_exchange: OnExchange | None) -> Json:
        authorised = _authorise(request, connection, await self._request_token(connection))
        reply = await self._send(authorised)
        if on_exchange is not None:
            on_exchange(HttpExchange(authorised, _build_request(params, {}), reply))
        text = reply.body.decode(errors="replace")
        if not 200 <= reply.status < 300:
            raise HttpFailed(text, code=f"States.Http.StatusCode.{reply.status}")
        return {
            "Headers": _headers_by_name(reply),
            "ResponseBody": _parse_body(reply, text),
            "StatusCode": reply.status,
            "StatusText": reply.reason,
        }

    async def _request_token(self, connection: Json) -> str | None:
        """Request an OAuth token with client credentials, anew for each call. Return None without OAuth."""
        oauth = connection["AuthParameters"].get("OAuthParameters")
        if oauth is None:
            return None
        given = oauth["ClientParameters"]
        client = {"client_id": given["ClientID"], "client_secret": given["ClientSecret"]}
        form = {"grant_type": "client_credentials", **client}
        extra = oauth.get("OAuthHttpParameters", {})
        form |= _pairs(extra, "BodyParameters")
        url = _with_query(oauth["AuthorizationEndpoint"], _pairs(extra, "QueryStringParameters").items())
        headers = {"Content-Type": FORM} | _pairs(extra, "HeaderParameters")
        reply = await self._send(HttpRequest(oauth["HttpMethod"], url, headers, urlencode(form).encode()))
        try:
            token = loads(reply.body)["access_token"]
        except (JsonError, KeyError, TypeError):
            message = f"The authorization endpoint returned no token: {reply.status} {reply.reason}"
            raise HttpFailed(message, code="States.Http.Authorization") from None
        return str(token)

    async def _send(self, request: HttpRequest) -> HttpResponse:
        try:
            return await self._web.request(request, TIMEOUT_SECONDS, MAX_RESPONSE_BYTES + 1, needs_body=True)
        except DeliveryFailed as error:
            raise HttpFailed(str(error), code="States.Http.Socket") from None


def _text_at(params: Json, *names: str) -> str | None:
    """Return the text at a path of the parameters, or None if there is no text."""
    found = params
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else None


def _build_request(params: Json, secrets: Json) -> HttpRequest:
    """Build the request from the task's parameters and the connection's parameters."""
    method, endpoint = _text_at(params, "Method"), _text_at(params, "ApiEndpoint")
    if method not in METHODS:
        raise ParametersRefused(f"The value for the field 'Method' must be one of {', '.join(METHODS)}")
    if endpoint is None or not endpoint.startswith(("https://", "http://")):
        raise ParametersRefused("The value for the field 'ApiEndpoint' must be an HTTP or HTTPS URL")
    own = secrets.get("InvocationHttpParameters", {})
    headers = {name: ", ".join(_value_texts(value)) for name, value in _mapping(params, "Headers").items()}
    # "If … the same … are defined in both … the values in the connection take precedence."
    headers = _merge_headers(headers, _pairs(own, "HeaderParameters"))
    query = _mapping(params, "QueryParameters") | _pairs(own, "QueryStringParameters")
    pairs = [(name, text) for name, value in query.items() for text in _value_texts(value)]
    body, kind = _encode_body(params, _pairs(own, "BodyParameters"))
    if body is not None:
        headers = _merge_headers({"Content-Type": kind}, headers)
    return HttpRequest(method, _with_query(endpoint, pairs), headers, body)


def _encode_body(params: Json, own: dict[str, str]) -> tuple[bytes | None, str]:
    body: Json = params.get("RequestBody")
    if own:
        body = (body if isinstance(body, dict) else {}) | own
    if body is None:
        return None, JSON
    transform = _mapping(params, "Transform")
    if transform.get("RequestBodyEncoding") == "URL_ENCODED":
        style = _mapping(transform, "RequestEncodingOptions").get("ArrayFormat", "INDICES")
        return urlencode(list(_form_fields("", body, style))).encode(), FORM
    return (body if isinstance(body, str) else dumps(body)).encode(), "text/plain" if isinstance(body, str) else JSON


def _form_fields(name: str, value: Json, style: str) -> Iterator[tuple[str, str]]:
    """Yield a document as form fields: a[b]=1. `style` is the format of arrays."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _form_fields(f"{name}[{key}]" if name else key, inner, style)
    elif isinstance(value, list):
        if style == "COMMAS":
            yield name, ",".join(_value_text(each) for each in value)
            return
        for at, inner in enumerate(value):
            suffix = {"INDICES": f"[{at}]", "BRACKETS": "[]"}.get(style, "")
            yield from _form_fields(f"{name}{suffix}", inner, style)
    else:
        yield name, _value_text(value)


def _value_text(value: Json) -> str:
    return value if isinstance(value, str) else dumps(value)


def _value_texts(value: Json) -> list[str]:
    return [_value_text(each) for each in value] if isinstance(value, list) else [_value_text(value)]


def _mapping(params: Json, name: str) -> dict[str, Json]:
    found = params.get(name, {})
    if not isinstance(found, dict):
        raise ParametersRefused(f"The value for the field '{name}' must be a STRUCTURE")
    return found


def _pairs(holder: Json, name: str) -> dict[str, str]:
    """Return a connection's parameters of one kind by name."""
    return {each["Key"]: each["Value"] for each in holder.get(name, ()) if "Key" in each and "Value" in each}


def _merge_headers(weak: Mapping[str, str], strong: Mapping[str, str]) -> dict[str, str]:
    """Merge headers, whose names are case-insensitive; those of `strong` win."""
    taken = {name.lower() for name in strong}
    return {name: value for name, value in weak.items() if name.lower() not in taken} | dict(strong)


def _with_query(url: str, pairs: Iterable[tuple[str, str]]) -> str:
    query = urlencode(list(pairs))
    return url if not query else f"{url}{'&' if '?' in url else '?'}{query}"


def _authorise(request: HttpRequest, connection: Json, token: str | None) -> HttpRequest:
    given = connection["AuthParameters"]
    if token is not None:
        own = {"Authorization": f"Bearer {token}"}
    elif "BasicAuthParameters" in given:
        basic = given["BasicAuthParameters"]
        pair = b64encode(f"{basic['Username']}:{basic['Password']}".encode()).decode()
        own = {"Authorization": f"Basic {pair}"}
    else:
        key = given["ApiKeyAuthParameters"]
        own = {key["ApiKeyName"]: key["ApiKeyValue"]}
    headers = _merge_headers(_merge_headers({"User-Agent": "Amazon|StepFunctions|HttpInvoke"}, request.headers), own)
    return HttpRequest(request.method, request.url, headers, request.body)


def _headers_by_name(reply: HttpResponse) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, value in reply.headers:
        headers.setdefault(name.lower(), []).append(value)
    return headers


def _parse_body(reply: HttpResponse, text: str) -> Json:
    """Return the body of a response: parsed if its content type is JSON, else as text."""
    kind = next((value for name, value in reply.headers if name.lower() == "content-type"), "")
    return loads_or(text, text) if "json" in kind else text
