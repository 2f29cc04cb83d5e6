"""Read the XML body of a request by its shape.

Unknown elements are ignored, as S3 does. A document type is refused, so that no entity can be declared. A body with too
many tags or attributes is refused before it is parsed, because a parser would block the engine for seconds. See
https://smithy.io/2.0/spec/protocol-traits.html#xml-bindings.
"""

from collections.abc import Sequence
from xml.etree import ElementTree

from lamplighter.base.aws.service_model import Shape
from lamplighter.base.errors import ServiceError
from lamplighter.base.group_items import group_items
from lamplighter.base.json_text import Json
from lamplighter.wire.protocols.text import parse_text

MAX_DEPTH = 20
MAX_TAGS = 200_000
"""The most tags of a body. An upload has at most 10,000 parts, with an ETag, a number and checksums each."""
MAX_EQUALS_SIGNS = 100_000
"""The most equals signs of a body: each attribute has one, and a checksum of an upload ends with at most two."""


class MalformedXml(
    ServiceError,
    code="MalformedXML",
    template="The XML you provided was not well-formed or did not validate against our published schema",
):
    """The body is not XML, or not of the operation's shape."""


def read_xml(body: bytes, shape: Shape) -> Json:
    """Return the value of a body whose root element has this shape. Raises MalformedXml."""
    if b"<!DOCTYPE" in body or b"\0" in body:  # UTF-16 would hide the document type
        raise MalformedXml
    if body.count(b"<") > MAX_TAGS or body.count(b"=") > MAX_EQUALS_SIGNS:
        raise MalformedXml
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - without a document type there are no entities
    except (ElementTree.ParseError, LookupError, ValueError):
        raise MalformedXml from None
    return _read(shape, [root], 0)


def _read(shape: Shape, found: Sequence[ElementTree.Element], depth: int) -> Json:
    if depth > MAX_DEPTH:
        raise MalformedXml
    match shape.type_name:
        case "structure":
            return _read_members(shape, found[0], depth)
        case "list":
            items = found if shape.serialization.get("flattened") else list(found[0])
            return [_read(shape.member, [item], depth + 1) for item in items]
        case "map":
            raise MalformedXml  # S3 has no maps in bodies
        case _:
            return parse_text(found[0].text or "", shape)


def _read_members(shape: Shape, element: ElementTree.Element, depth: int) -> Json:
    children = group_items(element, lambda child: _local_name(child.tag))
    attributes = {_local_name(name): value for name, value in element.attrib.items()}
    result: dict[str, Json] = {}
    for name, member in shape.members.items():
        key = member.serialization.get("name", name)
        if member.serialization.get("xmlAttribute"):
            if (value := attributes.get(key.partition(":")[2] or key)) is not None:
                result[name] = value
        elif key in children:
            result[name] = _read(member, children[key], depth + 1)
    return result


def _local_name(tag: str) -> str:
    return tag.rpartition("}")[2]
