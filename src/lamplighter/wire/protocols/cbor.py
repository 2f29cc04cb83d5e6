"""Decode and encode Smithy RPC v2 CBOR: the operation in the path, params and result as one CBOR map.

See https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html. The SDKs of Go, Java and JavaScript, and
therefore Terraform, use this protocol for CloudWatch. Guarantees that timestamps are seconds since the epoch in Python
and tag 1 in CBOR. Rejects a body that is not a CBOR map.
"""

import re
from collections.abc import Callable
from datetime import datetime

import cbor2

from lamplighter.base.aws.service_model import OperationModel, Shape
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.wire.http import HttpRequest, Response, make_response
from lamplighter.wire.models.service_models import ServiceShapes
from lamplighter.wire.protocols.aws_json import add_query_error, error_member_and_status

CONTENT_TYPE = b"application/cbor"
PROTOCOL_HEADER, PROTOCOL_NAME = b"smithy-protocol", b"rpc-v2-cbor"
EPOCH_TAG = 1
"""The tag of a timestamp: https://www.rfc-editor.org/rfc/rfc8949.html#name-epoch-based-date-time."""
MAX_BODY_BYTES = 1_100_000
"""The largest body in bytes: "Each PutMetricData request is limited to 1 MB in size", and CBOR needs no escapes."""
_PATH = re.compile(rb".*/service/([A-Za-z0-9_]+)/operation/([A-Za-z0-9_]+)")


def is_cbor(http: HttpRequest) -> bool:
    """Return whether a request uses this protocol."""
    return http.headers.get(PROTOCOL_HEADER) == PROTOCOL_NAME


def service_and_operation(http: HttpRequest) -> tuple[str, str]:
    """Return the service's target prefix and the operation that the path names, or two empty strings."""
    found = _PATH.fullmatch(http.path) if http.method == "POST" else None
    return (found[1].decode(), found[2].decode()) if found is not None else ("", "")


def make_decoder(_operation: OperationModel) -> Callable[[HttpRequest], Json]:
    """Return a function that decodes params. It raises SerializationException if the body is not a map."""
    return lambda http: read_map(http.body)


def read_map(body: bytes) -> Json:
    """Parse a CBOR map and drop its null members, which mean absent ones."""
    if not body:
        return {}
    if len(body) > MAX_BODY_BYTES:
        raise AwsError(
            f"The request body has more than {MAX_BODY_BYTES} bytes.", code="SerializationException", status=413
        )
    try:
        params = _to_json(cbor2.loads(body))
    except (cbor2.CBORDecodeError, ValueError, OverflowError, RecursionError) as error:
        raise AwsError(f"The request body is not CBOR: {error}", code="SerializationException") from None
    if not isinstance(params, dict):
        raise AwsError("The request body is not a CBOR map.", code="SerializationException")
    return params


def _to_json(value: Json) -> Json:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, list | tuple):
        return [_to_json(each) for each in value]
    if isinstance(value, dict):
        return {str(name): _to_json(each) for name, each in value.items() if each is not None}
    return value


def make_encoder(_service: ServiceShapes, operation: OperationModel) -> Callable[[Json, str], Response]:
    """Return a function that encodes the operation's result with the request's ID."""
    shape = operation.output_shape
    if shape is None:
        return lambda _, request_id: _make_cbor_response(200, b"", request_id)
    return lambda result, request_id: _make_cbor_response(200, cbor2.dumps(_to_cbor(result or {}, shape)), request_id)


def _to_cbor(value: Json, shape: Shape) -> Json:
    match shape.type_name:
        case "structure":
            found = ((name, value.get(name)) for name in shape.members)
            return {name: _to_cbor(each, shape.members[name]) for name, each in found if each is not None}
        case "list":
            return [_to_cbor(each, shape.member) for each in value]
        case "map":
            return {name: _to_cbor(each, shape.value) for name, each in value.items()}
        case "timestamp":
            return cbor2.CBORTag(EPOCH_TAG, float(value))
        case "float" | "double":
            return float(value)
        case _:
            return value


def encode_error(service: ServiceShapes | None, error: AwsError, request_id: str) -> Response:
    """Encode an error, together with its query protocol code if the service once used that protocol."""
    member, status = error_member_and_status(service, error)
    told = {member: error.message} if error.message else {}
    response = _make_cbor_response(status, cbor2.dumps({"__type": error.code, **told}), request_id)
    response.headers.append((b"x-amzn-errortype", error.code.encode()))
    add_query_error(service, error, response)
    return response


def _make_cbor_response(status: int, body: bytes, request_id: str) -> Response:
    response = make_response(status, CONTENT_TYPE, body, request_id)
    response.headers.append((PROTOCOL_HEADER, PROTOCOL_NAME))
    return response
