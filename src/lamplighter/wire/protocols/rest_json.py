"""Decode and encode REST JSON: the operation in the method and path, params in path, query, headers and body.

See https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html. Reads each member from the location that its shape
states. Each result is one JSON object. Raises Bug for an operation that answers in headers; none is known.
"""

import re
from collections.abc import Callable
from functools import partial
from urllib.parse import unquote_to_bytes

from lamplighter.base.aws.service_model import OperationModel, Shape
from lamplighter.base.errors import AwsError, Bug, require
from lamplighter.base.json_text import Json, dump_bytes
from lamplighter.wire.http import HttpRequest, Response, make_response
from lamplighter.wire.models.service_models import ServiceShapes
from lamplighter.wire.protocols.aws_json import error_response, read_object
from lamplighter.wire.protocols.blobs import from_base64, make_blob_converter, to_base64
from lamplighter.wire.protocols.form import parse_fields
from lamplighter.wire.protocols.rest_paths import path_pattern
from lamplighter.wire.protocols.text import parse_text

CONTENT_TYPE = b"application/json"


def make_matcher(operation: OperationModel) -> Callable[[HttpRequest], bool]:
    """Return a predicate that matches the requests for this operation."""
    method, path = operation.http["method"], _compile_path(operation).fullmatch
    return lambda http: http.method == method and path(http.path) is not None


def _compile_path(operation: OperationModel) -> re.Pattern[bytes]:
    return re.compile(path_pattern(operation.http["requestUri"].partition("?")[0]).encode())


def make_decoder(operation: OperationModel) -> Callable[[HttpRequest], Json]:
    """Return a function that decodes params. It raises SerializationException for a bad body, else MalformedInput."""
    shape, path = operation.input_shape, _compile_path(operation)
    if shape is None:
        return lambda _: {}
    decode_blobs = make_blob_converter(shape, from_base64) or (lambda params: params)
    location_readers = [
        partial(_LOCATION_READERS[member.serialization["location"]], path, name, member)
        for name, member in shape.members.items()
        if "location" in member.serialization
    ]
    body_members = {
        member.serialization.get("name", name): name
        for name, member in shape.members.items()
        if "location" not in member.serialization
    }

    def decode(http: HttpRequest) -> Json:
        body = read_object(http.body) if body_members else {}
        params = decode_blobs({body_members[key]: value for key, value in body.items() if key in body_members})
        for place in location_readers:
            params.update(place(http))
        return params

    return decode


def _from_path(path: re.Pattern[bytes], name: str, member: Shape, http: HttpRequest) -> Json:
    match = require(path.fullmatch(http.path), lambda: Bug(f"{http.path!r} does not match the path of its operation"))
    segment = match[member.serialization.get("name", name)]
    return {name: parse_text(unquote_to_bytes(segment).decode(errors="replace"), member)}


def _from_query(_: re.Pattern[bytes], name: str, member: Shape, http: HttpRequest) -> Json:
    key = member.serialization.get("name", name)
    values = [value for field, value in parse_fields(http.query) if field == key]
    if not values:
        return {}
    if member.type_name == "list":
        return {name: [parse_text(value, member.member) for value in values]}
    return {name: parse_text(values[0], member)}


def _from_header(_: re.Pattern[bytes], name: str, member: Shape, http: HttpRequest) -> Json:
    value = http.headers.get(member.serialization.get("name", name).lower().encode())
    return {} if value is None else {name: parse_text(value.decode("latin-1"), member)}


_LOCATION_READERS = {"uri": _from_path, "querystring": _from_query, "header": _from_header}


def make_encoder(_: ServiceShapes, operation: OperationModel) -> Callable[[Json, str], Response]:
    """Return a function that encodes the operation's result with the request's ID."""
    status = operation.http.get("responseCode", 200)
    encode_blobs = make_blob_converter(operation.output_shape, to_base64) or (lambda result: result)
    if operation.output_shape and any(member.serialization for member in operation.output_shape.members.values()):
        raise Bug(f"{operation.name} has result members outside the body")
    return lambda result, request_id: make_response(
        status, CONTENT_TYPE, dump_bytes(encode_blobs(result or {})), request_id
    )


def encode_error(service: ServiceShapes | None, error: AwsError, request_id: str) -> Response:
    """Encode an error, with its code in a header."""
    return error_response(service, error, CONTENT_TYPE, {}, request_id)
