"""HTTP tasks: `http:invoke` calls an API over HTTP, authorised by a connection of EventBridge.

Promises one request for each attempt; a crash makes it again, as Step Functions' own calls are made. Refuses redirects,
which are errors, as on AWS. An endpoint may be http as well as https: on one box it is often a neighbour.
See https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html.
"""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.bus import Bus, Caller, Operation
from lamplighter.outbound.port import DeliveryFailed, HttpReply, HttpRequest, Web
from lamplighter.services.states.calls.parameter_casing import ParametersRefused
from lamplighter.store.db import Tx

SERVICE = "http"
PATIENCE = 60.0
"""Seconds: "60 seconds … can't be changed"."""
MOST = 262_144
"""Bytes of an answer that are read: what a state can carry, and one more says that it was too much."""
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass(frozen=True, slots=True)
class HttpExchange:
    """One call."""

    request: HttpRequest
    plain: HttpRequest
    """The same without what the connection adds, which may be secret."""
    reply: HttpReply


OnExchange = Callable[[HttpExchange], None]


class HttpFailed(AwsError):
    """The API refused the call, or did not answer; the code is the error's name in the state machine."""


class HttpTasks:
    """Calls APIs."""

    def __init__(self, bus: Bus, web: Web) -> None:
        self._bus = bus
        self._web = web
        bus.serve(SERVICE, {"Invoke": Operation(write=self.invoke)})

    def invoke(self, tx: Tx, caller: Caller, params: Json, watch: OnExchange | None = None) -> Awaitable[Json]:
        """Call an API, once this turn is on disk; `watch` is told what was asked and what was answered."""
        places = (_text(params, name, "ConnectionArn") for name in ("Authentication", "InvocationConfig"))
        connection = next(filter(None, places), None)
        if connection is None:
            raise ParametersRefused('The field "Authentication" is required but was missing')
        found = self._bus.invoke(tx, caller, "events.connections", "Retrieve", {"ConnectionArn": connection})
        return self._call(params, _request(params, found["AuthParameters"]), found, watch)

    async def _call(self, params: Json, request: HttpRequest, connection: Json, watch: OnExchange | None) -> Json:
        whole = _authorised(request, connection, await self._token(connection))
        reply = await self._ask(whole)
        if watch is not None:
            watch(HttpExchange(whole, _request(params, {}), reply))
        text = reply.body.decode(errors="replace")
        if not 200 <= reply.status < 300:
            raise HttpFailed(text, code=f"States.Http.StatusCode.{reply.status}")
        return {
            "Headers": _gathered(reply),
            "ResponseBody": _read(reply, text),
            "StatusCode": reply.status,
            "StatusText": reply.reason,
        }

    async def _token(self, connection: Json) -> str | None:
        """A token of OAuth's client credentials, asked for with each call."""
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
        reply = await self._ask(HttpRequest(oauth["HttpMethod"], url, headers, urlencode(form).encode()))
        try:
            token = loads(reply.body)["access_token"]
        except (JsonError, KeyError, TypeError):
            why = f"The authorization endpoint gave no token: {reply.status} {reply.reason}"
            raise HttpFailed(why, code="States.Http.Authorization") from None
        return str(token)

    async def _ask(self, request: HttpRequest) -> HttpReply:
        try:
            return await self._web.ask(request, PATIENCE, MOST + 1)
        except DeliveryFailed as error:
            raise HttpFailed(str(error), code="States.Http.Socket") from None


def _text(params: Json, *names: str) -> str | None:
    """What is in a place of the parameters, if it is text."""
    found = params
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else None


def _request(params: Json, secrets: Json) -> HttpRequest:
    """The request that the parameters and the connection's own parameters make together."""
    method, endpoint = _text(params, "Method"), _text(params, "ApiEndpoint")
    if method not in METHODS:
        raise ParametersRefused(f"The value for the field 'Method' must be one of {', '.join(METHODS)}")
    if endpoint is None or not endpoint.startswith(("https://", "http://")):
        raise ParametersRefused("The value for the field 'ApiEndpoint' must be an HTTP or HTTPS URL")
    own = secrets.get("InvocationHttpParameters", {})
    headers = {name: ", ".join(_listed(value)) for name, value in _mapping(params, "Headers").items()}
    # "If … the same … are defined in both … the values in the connection take precedence."
    headers = _merged(headers, _pairs(own, "HeaderParameters"))
    query = _mapping(params, "QueryParameters") | _pairs(own, "QueryStringParameters")
    pairs = [(name, text) for name, value in query.items() for text in _listed(value)]
    body, kind = _body(params, _pairs(own, "BodyParameters"))
    if body is not None:
        headers = _merged({"Content-Type": kind}, headers)
    return HttpRequest(method, _with_query(endpoint, pairs), headers, body)


def _body(params: Json, own: dict[str, str]) -> tuple[bytes | None, str]:
    body: Json = params.get("RequestBody")
    if own:
        body = (body if isinstance(body, dict) else {}) | own
    if body is None:
        return None, JSON
    transform = _mapping(params, "Transform")
    if transform.get("RequestBodyEncoding") == "URL_ENCODED":
        style = _mapping(transform, "RequestEncodingOptions").get("ArrayFormat", "INDICES")
        return urlencode(list(_flat("", body, style))).encode(), FORM
    return (body if isinstance(body, str) else dumps(body)).encode(), "text/plain" if isinstance(body, str) else JSON


def _flat(name: str, value: Json, style: str) -> Iterator[tuple[str, str]]:
    """A document as the fields of a form: a[b]=1; arrays in the style that is asked for."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}[{key}]" if name else key, inner, style)
    elif isinstance(value, list):
        if style == "COMMAS":
            yield name, ",".join(_plain(each) for each in value)
            return
        for at, inner in enumerate(value):
            suffix = {"INDICES": f"[{at}]", "BRACKETS": "[]"}.get(style, "")
            yield from _flat(f"{name}{suffix}", inner, style)
    else:
        yield name, _plain(value)


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else dumps(value)


def _listed(value: Json) -> list[str]:
    return [_plain(each) for each in value] if isinstance(value, list) else [_plain(value)]


def _mapping(params: Json, name: str) -> dict[str, Json]:
    found = params.get(name, {})
    if not isinstance(found, dict):
        raise ParametersRefused(f"The value for the field '{name}' must be a STRUCTURE")
    return found


def _pairs(holder: Json, name: str) -> dict[str, str]:
    """Parameters of a connection."""
    return {each["Key"]: each["Value"] for each in holder.get(name, ()) if "Key" in each and "Value" in each}


def _merged(weak: Mapping[str, str], strong: Mapping[str, str]) -> dict[str, str]:
    """Headers, by names of any case."""
    taken = {name.lower() for name in strong}
    return {name: value for name, value in weak.items() if name.lower() not in taken} | dict(strong)


def _with_query(url: str, pairs: Iterable[tuple[str, str]]) -> str:
    query = urlencode(list(pairs))
    return url if not query else f"{url}{'&' if '?' in url else '?'}{query}"


def _authorised(request: HttpRequest, connection: Json, token: str | None) -> HttpRequest:
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
    headers = _merged(_merged({"User-Agent": "Amazon|StepFunctions|HttpInvoke"}, request.headers), own)
    return HttpRequest(request.method, request.url, headers, request.body)


def _gathered(reply: HttpReply) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, value in reply.headers:
        headers.setdefault(name.lower(), []).append(value)
    return headers


def _read(reply: HttpReply, text: str) -> Json:
    """The body of an answer: JSON where it says that it is, else text."""
    kind = next((value for name, value in reply.headers if name.lower() == "content-type"), "")
    if "json" not in kind:
        return text
    try:
        return loads(text)
    except JsonError:
        return text
