"""Decode an engine's answer by the operation's model, as botocore does.

A timestamp becomes a datetime in UTC, a blob becomes bytes; members that the model does not have are dropped. Raises
`ResponseParserError` for an answer that is not AWS's.
"""

from datetime import UTC, datetime
from xml.etree import ElementTree

from lamplighter.base.aws.service_model import OperationModel, Shape
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.cli.call_errors import ResponseParserError
from lamplighter.cli.read_url import Answer
from lamplighter.wire.models.service_models import QUERY
from lamplighter.wire.protocols.blobs import from_base64
from lamplighter.wire.protocols.text import parse_text


def decode_result(protocol: str, operation: OperationModel, body: bytes) -> Json:
    """Return the result of a call that succeeded."""
    shape = operation.output_shape
    if shape is None:
        return {}
    if protocol == QUERY:
        wrapper = shape.serialization.get("resultWrapper", f"{operation.name}Result")
        found = next((each for each in _parse_xml(body) if _name(each) == wrapper), None)
        return {} if found is None else _from_xml([found], shape)
    return _from_json(_parse_json(body) if body else {}, shape)


def decode_error(protocol: str, answer: Answer) -> Json:
    """Return the code and the message of a call that failed, as botocore's `ClientError` has them."""
    if protocol == QUERY:
        texts = {_name(each): each.text or "" for each in _parse_xml(answer.body).iter()}
        code, message = texts.get("Code"), texts.get("Message", "")
    else:
        document = _parse_json(answer.body)
        # SQS keeps the codes of its Query API, as
        # https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#awsquerycompatible-trait says.
        older_code = answer.headers.get("x-amzn-query-error", "").partition(";")[0]
        code = older_code or document.get("__type") or answer.headers.get("x-amzn-errortype")
        message = document.get("message", document.get("Message", ""))
    if not code:
        raise ResponseParserError(f"the answer has status {answer.status} and no error code")
    return {"Code": str(code).rpartition("#")[2], "Message": message}


def _parse_json(body: bytes) -> Json:
    try:
        document = loads(body)
    except JsonError as error:
        raise ResponseParserError(f"the answer is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise ResponseParserError("the answer is not a JSON object")
    return document


def _from_json(value: Json, shape: Shape) -> Json:
    match shape.type_name:
        case "structure" if not shape.is_document_type:
            members = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
            known = ((*members[key], item) for key, item in value.items() if key in members and item is not None)
            return {name: _from_json(item, member) for name, member, item in known}
        case "list":
            return [_from_json(item, shape.member) for item in value]
        case "map":
            return {key: _from_json(item, shape.value) for key, item in value.items()}
        case "timestamp":
            return datetime.fromtimestamp(value, UTC)
        case "blob":
            return from_base64(value)
        case _:
            return value


def _parse_xml(body: bytes) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(body)  # noqa: S314 - the answer of an engine that the user named
    except ElementTree.ParseError as error:
        raise ResponseParserError(f"the answer is not XML: {error}") from None


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _children(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [each for each in element if _name(each) == name]


def _from_xml(elements: list[ElementTree.Element], shape: Shape) -> Json:
    """Return the value of the elements of one name; only a flattened list or map has several."""
    (first, *_), flat = elements, shape.serialization.get("flattened")
    match shape.type_name:
        case "structure":
            found = {
                name: (_children(first, member.serialization.get("name", name)), member)
                for name, member in shape.members.items()
            }
            return {name: _from_xml(each, member) for name, (each, member) in found.items() if each}
        case "list":
            items = elements if flat else _children(first, shape.member.serialization.get("name", "member"))
            return [_from_xml([item], shape.member) for item in items]
        case "map":
            entries = elements if flat else _children(first, "entry")
            return dict(_pair(entry, shape) for entry in entries)
        case kind:
            value = _parse_text(first.text or "", shape)
            return datetime.fromtimestamp(value, UTC) if kind == "timestamp" else value


def _pair(entry: ElementTree.Element, shape: Shape) -> tuple[str, Json]:
    (key,) = _children(entry, shape.key.serialization.get("name", "key"))
    return key.text or "", _from_xml(_children(entry, shape.value.serialization.get("name", "value")), shape.value)


def _parse_text(text: str, shape: Shape) -> Json:
    try:
        return parse_text(text, shape)
    except AwsError as error:
        raise ResponseParserError(error.message) from None
