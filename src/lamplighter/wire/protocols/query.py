"""Decode and encode the query protocol: Action and params as form fields, result and error as XML.

See https://smithy.io/2.0/aws/protocols/aws-query-protocol.html. Reads params from the body and the query string;
`form.py` makes a tree of their dotted names. For SQS, the path names the queue if no parameter does, as its oldest
clients rely on.
"""

from collections.abc import Callable

from lamplighter.base.aws.service_model import OperationModel, Shape
from lamplighter.base.errors import AwsError, UnknownOperation
from lamplighter.base.json_text import Json
from lamplighter.wire.http import HttpRequest, Response, make_response
from lamplighter.wire.models.service_models import ServiceShapes
from lamplighter.wire.models.service_quirks import COMMON_QUERY_CODES
from lamplighter.wire.protocols.form import FormNode, build_tree, field_name, parse_fields
from lamplighter.wire.protocols.text import parse_text
from lamplighter.wire.protocols.xml import escape_text, write_members

CONTENT_TYPE = b"text/xml"


def read_parameters(http: HttpRequest) -> FormNode:
    """Return all fields of a request as a tree."""
    return build_tree(parse_fields(http.body) + parse_fields(http.query))


def read_action(http: HttpRequest) -> str | None:
    """Return the operation that a request names, or None if it names none."""
    return next((value for name, value in parse_fields(http.body) + parse_fields(http.query) if name == "Action"), None)


def make_decoder(operation: OperationModel) -> Callable[[HttpRequest], Json]:
    """Return a function that decodes the operation's params. It raises MalformedInput if a value cannot be parsed."""
    shape = operation.input_shape
    if shape is None:
        return lambda _: {}
    if "QueueUrl" not in shape.members:
        return lambda http: _decode_structure(read_parameters(http), shape)
    # A batch without a field is empty: SQS reports EmptyBatchRequest (https://github.com/aws/aws-sdk-php/issues/630).
    empty: Json = {"Entries": []} if "Entries" in shape.members else {}
    return lambda http: {"QueueUrl": _request_url(http)} | empty | _decode_structure(read_parameters(http), shape)


def _request_url(http: HttpRequest) -> str:
    return (b"http://" + http.headers.get(b"host", b"") + http.path).decode(errors="replace")


def _decode_structure(node: FormNode, shape: Shape) -> Json:
    params = {}
    for name, member in shape.members.items():
        child = node.children.get(field_name(name, member))
        if child is not None:
            params[name] = _decode_value(child, member)
    return params


def _decode_value(node: FormNode, shape: Shape) -> Json:
    match shape.type_name:
        case "structure":
            return _decode_structure(node, shape)
        case "list":
            return [
                _decode_value(item, shape.member)
                for item in _element_nodes(node, shape, shape.member.serialization, "member")
            ]
        case "map":
            return dict(_decode_pair(entry, shape) for entry in _element_nodes(node, shape, {}, "entry"))
        case _:
            return parse_text(node.text or "", shape)


def _element_nodes(node: FormNode, shape: Shape, naming: Json, default: str) -> list[FormNode]:
    if shape.serialization.get("flattened"):
        return node.flat_elements()
    return node.children.get(naming.get("name", default), FormNode()).numbered_children()


def _decode_pair(entry: FormNode, shape: Shape) -> tuple[str, Json]:
    key = entry.children.get(shape.key.serialization.get("name", "key"), FormNode())
    value = entry.children.get(shape.value.serialization.get("name", "value"), FormNode())
    return key.text or "", _decode_value(value, shape.value)


def make_encoder(service: ServiceShapes, operation: OperationModel) -> Callable[[Json, str], Response]:
    """Return a function that encodes the operation's result with the request's ID."""
    outer, shape = f"{operation.name}Response", operation.output_shape
    namespace = service.model.metadata["xmlNamespace"]

    def encode(result: Json, request_id: str) -> Response:
        inner = ""
        if shape is not None:
            wrapper = shape.serialization.get("resultWrapper", f"{operation.name}Result")
            inner = f"<{wrapper}>{write_members(result or {}, shape)}</{wrapper}>"
        metadata = f"<ResponseMetadata><RequestId>{escape_text(request_id)}</RequestId></ResponseMetadata>"
        return _make_xml_response(200, f'<{outer} xmlns="{namespace}">{inner}{metadata}</{outer}>', request_id)

    return encode


def encode_error(service: ServiceShapes | None, error: AwsError, request_id: str) -> Response:
    """Encode an error with its query protocol code; a request without an operation has an answer without details."""
    if (error.code, error.status) == (UnknownOperation.code, 404):
        return make_response(404, CONTENT_TYPE, b"<UnknownOperationException/>\n", request_id)
    shape = service.error_shape(error.code) if service else None
    details = shape.metadata.get("error", {}) if shape is not None else {}
    status = details.get("httpStatusCode", error.status) if error.status == AwsError.status else error.status
    code = service.query_error_code(error.code) if service else COMMON_QUERY_CODES.get(error.code, error.code)
    detail = service.quirks.error_detail if service else ""
    message = service.quirks.query_messages.get(error.code, error.message) if service else error.message
    namespace = f' xmlns="{service.model.metadata["xmlNamespace"]}"' if service else ""
    return _make_xml_response(
        status,
        f"<ErrorResponse{namespace}><Error><Type>{'Sender' if status < 500 else 'Receiver'}</Type>"
        f"<Code>{escape_text(code)}</Code><Message>{escape_text(message)}</Message>{detail}</Error>"
        f"<RequestId>{escape_text(request_id)}</RequestId></ErrorResponse>",
        request_id,
    )


def _make_xml_response(status: int, text: str, request_id: str) -> Response:
    return make_response(status, CONTENT_TYPE, f'<?xml version="1.0"?>\n{text}'.encode(), request_id)
