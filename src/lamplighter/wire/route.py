"""The two doors of the wire: bytes to a `Request`, and a result or an error back to bytes.

Promises: any HTTP request becomes a `Request` or an `AwsError`, and any `AwsError` becomes an answer in the protocol
that its caller speaks. JSON services are named by X-Amz-Target, query services by the credential scope and Action, REST
services by the scope, method and path, Smithy RPC by its path. The host plays no role, so an SDK's `sync-` prefix does
not either.
"""

import re
from dataclasses import dataclass

from lamplighter.base.errors import AwsError, UnknownOperation
from lamplighter.base.json_text import Json
from lamplighter.wire.access import sigv4, unsigned_requests
from lamplighter.wire.http import HttpRequest, Response
from lamplighter.wire.models.catalog import CompiledOperation, ModelCatalog
from lamplighter.wire.models.shapes import CBOR, JSON, QUERY, REST_JSON
from lamplighter.wire.protocols import cbor, query

DEFAULT_ACCOUNT = "123456789012"

_ACCOUNT = re.compile("[0-9]{12}")


@dataclass(frozen=True, slots=True)
class RoutedRequest:
    """A request understood: its params fit the operation's shape."""

    service: str
    """The signing name: states, ecs, events, scheduler, sns, sqs, logs, monitoring, cloudformation."""
    operation: str
    region: str
    access_key: str
    account: str
    """Twelve digits: the access key where it is that, else the default. Nothing where nobody signed."""
    params: dict[str, Json]
    compiled: CompiledOperation
    """What writes the answer."""


def route_request(catalog: ModelCatalog, http: HttpRequest, default_account: str = DEFAULT_ACCOUNT) -> RoutedRequest:
    """Understand a request; any AwsError that it raises is the caller's to read, by `refuse`."""
    scope = _scope(http)
    operation = _operation(catalog, http, scope)
    params = operation.decode(http)
    operation.check(params)
    account = "" if scope is unsigned_requests.NOBODY else _account(scope.access_key, default_account)
    return RoutedRequest(operation.service, operation.name, scope.region, scope.access_key, account, params, operation)


def _scope(http: HttpRequest) -> sigv4.CredentialScope:
    return unsigned_requests.NOBODY if unsigned_requests.is_confirmation_link(http) else sigv4.read_scope(http)


def _account(access_key: str, default: str) -> str:
    return access_key if _ACCOUNT.fullmatch(access_key) else default


def _operation(catalog: ModelCatalog, http: HttpRequest, scope: sigv4.CredentialScope) -> CompiledOperation:
    target = http.headers.get(b"x-amz-target")
    if target is not None:
        if http.method != "POST":
            raise UnknownOperation(f"An operation is asked for by POST, not by {http.method}.")
        return catalog.operation_of_target(target)
    if cbor.is_cbor(http):
        return catalog.operation_of_rpc_path(http)
    if not _is_query(http):
        return catalog.operation_of_rest_path(scope.service, http)
    _check_method(http, scope)
    name = query.read_action(http)
    if not name:
        raise AwsError("The request must contain the parameter Action.", code="MissingAction")
    return catalog.operation(scope.service, name, QUERY)


def _check_method(http: HttpRequest, scope: sigv4.CredentialScope) -> None:
    """A GET of a query API is a link: one of SNS, or one that was signed as a whole."""
    linked = scope is unsigned_requests.NOBODY or sigv4.is_presigned(http)
    if http.method != "POST" and not (http.method == "GET" and linked):
        raise UnknownOperation("Call an operation of a query API by POST; only a presigned URL is called by GET.")


def _is_query(http: HttpRequest) -> bool:
    kind = http.headers.get(b"content-type", b"")
    return kind.startswith(b"application/x-www-form-urlencoded") or b"Action=" in http.query


def encode_result(request: RoutedRequest, result: Json, request_id: str) -> Response:
    """Write the result of a request, a dict in the model's member names; None where there is nothing to say."""
    return request.compiled.encode(result, request_id)


def encode_error(catalog: ModelCatalog, http: HttpRequest, error: AwsError, request_id: str) -> Response:
    """Tell an error, whether the request was understood or not."""
    return catalog.error_encoder(*_speaker(catalog, http))(error, request_id)


def _speaker(catalog: ModelCatalog, http: HttpRequest) -> tuple[str, str]:
    """The service and the protocol in which to answer what could not be understood."""
    target = http.headers.get(b"x-amz-target")
    try:
        if target is not None:
            return catalog.service_of_target(target), JSON
        if cbor.is_cbor(http):
            return _scope(http).service, CBOR
        return _scope(http).service, QUERY if _is_query(http) else REST_JSON
    except AwsError:
        if cbor.is_cbor(http):
            return "", CBOR
        return "", JSON if target is not None else QUERY if _is_query(http) else REST_JSON
