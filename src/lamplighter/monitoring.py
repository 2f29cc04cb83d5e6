"""Answer requests for the engine's own addresses, such as its health, metrics, audit log and use of the disk.

Health and the certificate are public. If credentials are configured, the others need them (`server.py` checks that).
Guarantees that no GET or HEAD request changes anything, except that the first one for the certificate creates SNS's
key. A refusal is JSON with a message, and has HTTP's own status: 401 for an unknown caller, 403 for one that may not do
that, 404 and 405 for what does not exist. See https://www.rfc-editor.org/rfc/rfc9110#section-15.5.
"""

import re
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from urllib.parse import parse_qsl

from lamplighter.base.errors import AccessDenied, AwsError, MissingAuthentication, ServiceError, ValidationError
from lamplighter.base.json_text import dump_bytes, loads_or
from lamplighter.bus import Caller
from lamplighter.engine import health
from lamplighter.engine.engine import Engine
from lamplighter.runtime.composite import CompositeRuntime
from lamplighter.runtime.process.runtime import ProcessRuntime
from lamplighter.store import audit_log
from lamplighter.store.audit_log import Actor
from lamplighter.wire.access import unsigned_requests
from lamplighter.wire.access.roles import Role
from lamplighter.wire.http import READ_METHODS, HttpRequest, Response, make_response
from lamplighter.wire.models.service_models import REST_JSON

OWN_PATHS = b"/_lamplighter/"
"""How the engine's own paths begin; no API of AWS has such a path."""
HEALTH_PATH = b"/_lamplighter/health"
METRICS_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
"""The content type of Prometheus' text format."""
AUDIT_PATH, CALL_PATH, ACKNOWLEDGE_PATH = (b"/_lamplighter/" + each for each in (b"audit", b"call", b"acknowledge"))
NEEDED_ROLES: Mapping[bytes, Role] = {
    AUDIT_PATH: Role.CHANGE, CALL_PATH: Role.LOOK, b"/_lamplighter/prune": Role.CHANGE, ACKNOWLEDGE_PATH: Role.RUN,
}  # fmt: skip
"""The addresses that need a signature, if credentials are configured, and the role of its key."""
INTERNAL_READS: Mapping[str, frozenset[str]] = {
    "alerts": frozenset({"ListAcknowledgements"}),
    "ecs": frozenset({"ListLatestTasks", "ListScheduledTasks", "ListWaitingTasks"}),
    "logs": frozenset({"FilterLogLines", "GetLogLines"}),
    "scheduler": frozenset({"DescribeSchedules", "ListNightSlots", "ListScheduleZones", "ListSlots"}),
    "states": frozenset(
        {
            *("CountMapRunStates", "FindRepetitions", "FindTaskRuns", "ListKeptExecutions", "ListLatestRuns"),
            *("ListMapRunItems", "ListNightRuns", "ListRemovedMachines", "ListRuns", "ListUsualDurations"),
            *("ListWaitingRuns", "SearchRuns", "SearchStateMachines"),
        }
    ),
}
"""The operations that AWS does not have and that an address reads (`_call`)."""
NUMBERS = frozenset({"Since", "Until", "Before", "After", "Offset", "Limit", "limit"})
"""The parameters of these operations that are numbers."""
WRONG_PARAMETERS = (AttributeError, LookupError, OverflowError, TypeError, ValueError, sqlite3.ProgrammingError)
"""What an operation raises for parameters of a wrong kind; models check only those of AWS's operations."""
ACCOUNT_ID = re.compile("[0-9]{12}")
PUBLIC_PATHS = frozenset({HEALTH_PATH, unsigned_requests.CERTIFICATE_PATH.encode()})
"""The paths that need no credentials: load balancers read the health, receivers of SNS messages the certificate."""
REGION_NAME = re.compile("[a-z0-9-]{1,32}")
NUMBER_TEXT = re.compile("[0-9]{1,15}")
MAX_AUDIT_ENTRIES = 1000
"""The most entries of the audit log in one answer."""
UNKNOWN_CALLER = frozenset(
    {
        MissingAuthentication.code,
        *("IncompleteSignature", "InvalidSignatureException", "RequestExpired", "UnrecognizedClientException"),
    }
)
"""The codes of errors that mean that the caller is unknown."""


class NoSuchPath(ServiceError, code="NotFound", template="The engine has no address {}", status=404):
    """The engine has no address of its own with this path."""


class WrongMethod(ServiceError, code="MethodNotAllowed", template="{} must be called with {}", status=405):
    """The path exists with another method."""


async def _health(engine: Engine, _http: HttpRequest, request_id: str) -> Response:
    """Return the engine's health (`engine/health.py`), and its configuration: mails, `--deny`, limits of processes."""
    found, config = health.read_health(engine), engine.config
    is_public = config.task_credentials is not None
    body = found.body(is_public=is_public) | {"mails": config.smtp is not None, "denied": sorted(config.denied)}
    cgroups = engine.runtime.cgroups if isinstance(engine.runtime, (CompositeRuntime, ProcessRuntime)) else None
    if cgroups is not None:
        body["processes"] = {"limited": cgroups.folder is not None, "summary": cgroups.summary}
    return make_response(200 if found.available else 503, b"application/json", dump_bytes(body), request_id)


async def _metrics(engine: Engine, _http: HttpRequest, request_id: str) -> Response:
    return make_response(200, METRICS_TYPE, await engine.metrics(), request_id)


async def _audit(engine: Engine, http: HttpRequest, request_id: str) -> Response:
    """Return the latest entries of the audit log: `?since=MILLISECONDS`, and `&before=ID` for the next page."""
    query = dict(parse_qsl(http.query.decode("latin-1")))
    since, before = query.get("since", "0"), query.get("before", "9" * 15)
    if not NUMBER_TEXT.fullmatch(since) or not NUMBER_TEXT.fullmatch(before):
        raise ValidationError("&since= is a time in milliseconds, and &before= the id of an entry")
    found = audit_log.list_entries(engine.store.reader, since=int(since), before=int(before), limit=MAX_AUDIT_ENTRIES)
    body = dump_bytes({"entries": [asdict(each) for each in found]})
    return make_response(200, b"application/json", body, request_id)


async def _certificate(engine: Engine, _http: HttpRequest, request_id: str) -> Response:
    """Return the certificate that verifies the signatures of SNS messages."""
    found = await engine.call(Caller(engine.config.account, ""), "sns", "GetCertificate", {})
    return make_response(200, b"application/x-pem-file", found, request_id)


async def _usage(engine: Engine, _http: HttpRequest, request_id: str) -> Response:
    """Return what the data directory holds, how it grows, and what need not be kept any longer."""
    return make_response(200, b"application/json", dump_bytes(await engine.disk_usage()), request_id)


@dataclass(frozen=True, slots=True)
class Changer:
    """Who changes something at one of the engine's own addresses."""

    who: str = ""
    """The name of the key; empty if the engine has no credentials."""
    actor: Actor | None = None
    """Who is recorded in the audit log; None to record nothing."""


async def _prune(engine: Engine, _http: HttpRequest, request_id: str, changer: Changer) -> Response:
    """Delete what need not be kept any longer; return the numbers of what was deleted."""
    if changer.actor is not None:
        await audit_log.record_read(engine.store, changer.actor, "prune", {})
    deleted = await engine.retention.sweep()
    return make_response(200, b"application/json", dump_bytes({"deleted": deleted.document()}), request_id)


async def _call(engine: Engine, http: HttpRequest, request_id: str) -> Response:
    """Run an operation of `INTERNAL_READS`: `?service=…&operation=…&region=…&params=JSON`, and `&account=…`.

    Consoles and commands elsewhere read with it what AWS's APIs do not contain.
    """
    query = dict(parse_qsl(http.query.decode("latin-1")))
    service, operation, region = (query.get(name, "") for name in ("service", "operation", "region"))
    account, params = query.get("account", engine.config.account), loads_or(query.get("params", "{}"), None)
    if operation not in INTERNAL_READS.get(service, ()) or not isinstance(params, dict):
        raise ValidationError("Give ?service= and &operation= of an operation that only reads, and &params= as JSON")
    if wrong := [name for name in NUMBERS & params.keys() if type(params[name]) not in (int, float)]:
        raise ValidationError(f"The parameter {wrong[0]} is a number")
    if not REGION_NAME.fullmatch(region) or not ACCOUNT_ID.fullmatch(account):
        raise ValidationError("Give &region= with the name of a region; the optional &account= has 12 digits")
    try:
        answer = await engine.call(Caller(account, region), service, operation, params)
    except WRONG_PARAMETERS as error:
        raise ValidationError(f"{operation} does not take these parameters: {error}") from None
    return make_response(200, b"application/json", dump_bytes(answer), request_id)


async def _acknowledge(engine: Engine, http: HttpRequest, request_id: str, changer: Changer) -> Response:
    """Mark a failure as seen: `?arn=ARN`, and `&note=TEXT`; `&undo=1` removes the mark."""
    query = dict(parse_qsl(http.query.decode("latin-1")))
    params = {"Arn": query.get("arn", ""), "Note": query.get("note", ""), "Undo": query.get("undo") == "1"}
    caller = Caller(engine.config.account, "")
    answer = await engine.call(caller, "alerts", "Acknowledge", params | {"Who": changer.who}, actor=changer.actor)
    return make_response(200, b"application/json", dump_bytes(answer), request_id)


Endpoint = Callable[[Engine, HttpRequest, str], Awaitable[Response]]
Change = Callable[[Engine, HttpRequest, str, Changer], Awaitable[Response]]
"""What answers a request that changes something, and records it in the audit log."""

CHANGES: Mapping[bytes, Change] = {b"/_lamplighter/prune": _prune, ACKNOWLEDGE_PATH: _acknowledge}
"""The addresses that change something. Such a request is a POST, and is signed as every call is."""
ENDPOINTS: Mapping[bytes, Endpoint] = {
    HEALTH_PATH: _health,
    b"/_lamplighter/metrics": _metrics,
    b"/_lamplighter/usage": _usage,
    AUDIT_PATH: _audit,
    CALL_PATH: _call,
    unsigned_requests.CERTIFICATE_PATH.encode(): _certificate,
}


def is_own(http: HttpRequest) -> bool:
    """Return whether a request is for one of the engine's own addresses."""
    return http.path.startswith(OWN_PATHS)


def reads(http: HttpRequest) -> bool:
    """Return whether a request only reads. Load balancers may read the health with HEAD; the body is not sent then."""
    return http.method in READ_METHODS


def check_path(http: HttpRequest) -> None:
    """Raise NoSuchPath or WrongMethod if the engine has no such address of its own."""
    if http.path in (ENDPOINTS if reads(http) else CHANGES if http.method == "POST" else ()):
        return
    path = http.path.decode("latin-1")
    if http.path in ENDPOINTS or http.path in CHANGES:
        raise WrongMethod(path, "GET" if http.path in ENDPOINTS else "POST")
    raise NoSuchPath(path)


async def respond(engine: Engine, http: HttpRequest, request_id: str, changer: Changer) -> Response:
    """Answer a request for one of the engine's own addresses."""
    check_path(http)
    if reads(http):
        return await ENDPOINTS[http.path](engine, http, request_id)
    return await CHANGES[http.path](engine, http, request_id, changer)


def encode_error(engine: Engine, http: HttpRequest, error: AwsError, request_id: str) -> Response:
    """Return the answer to a refused request for one of the engine's own addresses."""
    status = 401 if error.code in UNKNOWN_CALLER else 403 if error.code == AccessDenied.code else error.status
    refused = AwsError(error.message, code=error.code, status=status)
    response = engine.catalog.encode_error("", REST_JSON, refused, request_id)
    # "The server generating a 401 response MUST send a WWW-Authenticate header field", and a 405 response Allow.
    required = {
        401: (b"www-authenticate", b"Bearer"),
        405: (b"allow", b"GET, HEAD" if http.path in ENDPOINTS else b"POST"),
    }
    return replace(response, headers=[*response.headers, *(each for of, each in required.items() if of == status)])
