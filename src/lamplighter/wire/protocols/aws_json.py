"""Decode and encode AWS JSON 1.0 and 1.1: the operation in X-Amz-Target, params and result as one JSON object.

See https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html. Guarantees that results are encoded unchanged,
including ready-made JSON (`base.json_text.RawJson`). Only operations whose shapes contain blobs are walked, which is
decided once.
"""

from collections.abc import Callable

from lamplighter.base.aws.service_model import OperationModel
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, JsonError, dump_bytes, loads
from lamplighter.wire.http import HttpRequest, Response, make_response
from lamplighter.wire.models.service_models import ServiceShapes
from lamplighter.wire.protocols.blobs import from_base64, make_blob_converter, to_base64

MAX_BRACKETS = 400_000
"""The most opening brackets outside strings in a body: the most elements in a request (`wire/models/validate.py`)."""
MAX_COMMAS = 800_000
"""The most commas outside strings. A request of 1 MiB to CloudWatch, which has the longest lists, has fewer."""


def make_decoder(operation: OperationModel) -> Callable[[HttpRequest], Json]:
    """Return a function that decodes params. It raises SerializationException if the body is not a JSON object."""
    decode_blobs = make_blob_converter(operation.input_shape, from_base64)
    if decode_blobs is None:
        return lambda http: read_object(http.body)
    return lambda http: decode_blobs(read_object(http.body))


def make_encoder(service: ServiceShapes, operation: OperationModel) -> Callable[[Json, str], Response]:
    """Return a function that encodes the operation's result with the request's ID."""
    if operation.output_shape is None:
        return lambda _, request_id: make_response(200, service.content_type, b"", request_id)
    content_type = service.content_type
    encode_blobs = make_blob_converter(operation.output_shape, to_base64)

    def encode(result: Json, request_id: str) -> Response:
        body = dump_bytes(result or {} if encode_blobs is None else encode_blobs(result or {}))
        return make_response(200, content_type, body, request_id)

    return encode


def encode_error(service: ServiceShapes | None, error: AwsError, request_id: str) -> Response:
    """Encode an error, together with its query protocol code if the service once used that protocol."""
    content_type = service.content_type if service else b"application/x-amz-json-1.0"
    kind = service.json_error_type(error.code) if service else error.code
    response = error_response(service, error, content_type, {"__type": kind, **error.members}, request_id)
    add_query_error(service, error, response)
    return response


def add_query_error(service: ServiceShapes | None, error: AwsError, response: Response) -> None:
    """Add the header with the error's query protocol code if the service once used that protocol."""
    if service and "awsQueryCompatible" in service.model.metadata:
        fault = "Sender" if response.status < 500 else "Receiver"
        query_code = service.query_error_code(error.code)
        response.headers.append((b"x-amzn-query-error", f"{query_code};{fault}".encode()))


def error_response(
    service: ServiceShapes | None, error: AwsError, content_type: bytes, body: Json, request_id: str
) -> Response:
    """Encode an error with its shape's message member, and its shape's status unless its own is not 400."""
    message, status = error_member_and_status(service, error)
    told = {message: error.message} if error.message else {}
    response = make_response(status, content_type, dump_bytes({**body, **told}), request_id)
    response.headers.append((b"x-amzn-errortype", error.code.encode()))
    return response


def error_member_and_status(service: ServiceShapes | None, error: AwsError) -> tuple[str, int]:
    """Return the name of an error's message member, and the HTTP status of the error."""
    shape = service.error_shape(error.code) if service else None
    message = "Message" if shape is not None and "Message" in shape.members else "message"
    status = error.status
    if shape is not None and status == AwsError.status:
        status = shape.metadata.get("error", {}).get("httpStatusCode", status)
    return message, status


def read_object(body: bytes) -> Json:
    """Parse a JSON object and drop its null members, which mean absent ones. Raises SerializationException."""
    _check_size(body)
    if not body:
        return {}
    try:
        params = loads(body)
    except JsonError as error:
        raise AwsError(f"The request body is not JSON: {error}", code="SerializationException") from None
    if type(params) is not dict:
        raise AwsError("The request body is not a JSON object.", code="SerializationException")
    if b"null" in body:
        _drop_nulls(params)
    return params


def _check_size(body: bytes) -> None:
    """Reject a body with too many brackets and commas: parsing it would take long and block all other requests."""
    if _count_brackets(body) <= MAX_BRACKETS and body.count(b",") <= MAX_COMMAS:
        return
    # Do not count characters in strings, such as a definition or the body of a message: they cost nothing.
    bare = b"".join(body.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])
    if _count_brackets(bare) > MAX_BRACKETS or bare.count(b",") > MAX_COMMAS:
        raise AwsError("The request body has too many objects and arrays.", code="SerializationException")


def _count_brackets(body: bytes) -> int:
    return body.count(b"{") + body.count(b"[")


def _drop_nulls(params: Json) -> None:
    """Drop null members in place. No recursion, because JSON may be nested more deeply than Python's stack allows."""
    waiting = [params]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            for name in [name for name, item in value.items() if item is None]:
                del value[name]
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
