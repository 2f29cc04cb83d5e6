"""Route an HTTP request to an AWS operation, and encode its result or error as an HTTP response.

Guarantees that any HTTP request becomes a `RoutedRequest` or an `AwsError`, and that any `AwsError` becomes a response
in the protocol that the caller uses. X-Amz-Target names the operation of a JSON service. The credential scope and
Action name that of a query service; the scope, method and path that of a REST service; the path that of Smithy RPC. The
host has no influence, so neither has an SDK's `sync-` prefix.
"""

import re
from dataclasses import dataclass

from lamplighter.base.errors import AwsError, UnknownOperation
from lamplighter.base.json_text import Json
from lamplighter.wire import bucket_hosts, buckets
from lamplighter.wire.access import signatures, sigv4, unsigned_requests
from lamplighter.wire.http import HttpRequest, Response
from lamplighter.wire.models.catalog import CompiledOperation, ModelCatalog
from lamplighter.wire.models.service_models import CBOR, JSON, QUERY, REST_JSON, REST_XML
from lamplighter.wire.protocols import cbor, query

DEFAULT_ACCOUNT = "123456789012"
MAX_INLINE_VALUES = 3_000
"""The most values of an answer that is encoded on the event loop: XML and CBOR take some microseconds for each."""

_ACCOUNT = re.compile("[0-9]{12}")


@dataclass(frozen=True, slots=True)
class RoutedRequest:
    """A decoded request. Its params fit the operation's shape."""

    service: str
    """The signing name, such as states or monitoring."""
    operation: str
    region: str
    access_key: str
    account: str
    """The account: the access key if it is twelve digits, otherwise the default. Empty for an unsigned request."""
    params: dict[str, Json]
    compiled: CompiledOperation


def route_request(catalog: ModelCatalog, http: HttpRequest, default_account: str = DEFAULT_ACCOUNT) -> RoutedRequest:
    """Decode and validate a request. The caller passes any AwsError that this function raises to `encode_error`."""
    scope = _read_scope(http)
    if scope.service == buckets.SERVICE:
        http = bucket_hosts.move_bucket_to_path(http)
    operation = _find_operation(catalog, http, scope)
    params = operation.validate(operation.decode(http))
    account = scope.access_key if _ACCOUNT.fullmatch(scope.access_key) else default_account
    if scope is unsigned_requests.UNSIGNED_SCOPE:
        account = ""
    return RoutedRequest(operation.service, operation.name, scope.region, scope.access_key, account, params, operation)


def takes_file(catalog: ModelCatalog, http: HttpRequest) -> bool:
    """Return whether the body of a request to S3 is an object, which is stored as a file."""
    return catalog.takes_file(buckets.SERVICE, bucket_hosts.move_bucket_to_path(http))


def _read_scope(http: HttpRequest) -> sigv4.CredentialScope:
    return (
        unsigned_requests.UNSIGNED_SCOPE
        if unsigned_requests.is_confirmation_link(http)
        else signatures.read_scope(http)
    )


def _find_operation(catalog: ModelCatalog, http: HttpRequest, scope: sigv4.CredentialScope) -> CompiledOperation:
    if scope.service == buckets.SERVICE:
        return catalog.operation_of_xml_path(scope.service, http)
    target = http.headers.get(b"x-amz-target")
    if target is not None:
        if http.method != "POST":
            raise UnknownOperation(f"Operations must be called with POST, not {http.method}.")
        return catalog.operation_of_target(target)
    if cbor.is_cbor(http):
        return catalog.operation_of_rpc_path(http)
    if not _is_query(http):
        if catalog.serves_query_only(scope.service):
            raise UnknownOperation("The request names no operation.", status=404)
        return catalog.operation_of_rest_path(scope.service, http)
    if http.method not in ("POST", "GET"):
        raise UnknownOperation("Operations of a query API must be called with POST or GET.")
    name = query.read_action(http)
    if not name:
        raise AwsError("The request must contain the parameter Action.", code="MissingAction")
    return catalog.operation_of_action(scope.service, name, http.path)


def _is_query(http: HttpRequest) -> bool:
    kind = http.headers.get(b"content-type", b"")
    return kind.startswith(b"application/x-www-form-urlencoded") or b"Action=" in http.query


def encode_result(request: RoutedRequest, result: Json, request_id: str) -> Response:
    """Encode the result of a request: a dict with the model's member names, or None for an empty result."""
    return request.compiled.encode(result, request_id)


def has_many_values(result: Json) -> bool:
    """Return whether encoding a result may take more than a few milliseconds; this stops counting at the limit."""
    waiting, room = [result], MAX_INLINE_VALUES
    while waiting:
        value = waiting.pop()
        parts = value.values() if type(value) is dict else value if type(value) is list else ()
        room -= len(parts)
        if room < 0:
            return True
        waiting.extend(part for part in parts if type(part) in (dict, list))
    return False


def encode_error(catalog: ModelCatalog, http: HttpRequest, error: AwsError, request_id: str) -> Response:
    """Encode an error, for requests that were decoded and for requests that were not."""
    return catalog.encode_error(*_error_service_and_protocol(catalog, http), error, request_id)


def _error_service_and_protocol(catalog: ModelCatalog, http: HttpRequest) -> tuple[str, str]:
    """Return the service and the protocol of the answer to a request that cannot be decoded."""
    if buckets.is_for_s3(http):
        return buckets.SERVICE, REST_XML
    target = http.headers.get(b"x-amz-target")
    try:
        if target is not None:
            return catalog.service_of_target(target), JSON
        if cbor.is_cbor(http):
            return _read_scope(http).service, CBOR
        service = _read_scope(http).service
        return service, QUERY if _is_query(http) or catalog.serves_query_only(service) else REST_JSON
    except AwsError:
        if cbor.is_cbor(http):
            return "", CBOR
        return "", JSON if target is not None else QUERY if _is_query(http) else REST_JSON
