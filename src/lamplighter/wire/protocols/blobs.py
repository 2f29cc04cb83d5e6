"""Convert blobs between bytes in Python and base64 in JSON and XML.

Guarantees that the blobs of a shape are located once, so that values of shapes without blobs are never walked. See
https://smithy.io/2.0/spec/simple-types.html#blob.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import partial

from lamplighter.base.aws.service_model import Shape
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json

Converter = Callable[[Json], Json]
"""A function that returns the value with its blobs converted. It leaves values of an unexpected type unchanged."""


def make_blob_converter(
    shape: Shape | None, convert: Converter, enclosing: frozenset[str] = frozenset()
) -> Converter | None:
    """Return a function that converts every blob within a value of this shape, or None if the shape has no blobs.

    Recursive shapes are not followed (`enclosing` names the enclosing shapes), because no recursive shape has blobs.
    """
    if shape is None or shape.name in enclosing:
        return None
    enclosing |= {shape.name}
    match shape.type_name:
        case "blob":
            return convert
        case "list":
            inner = make_blob_converter(shape.member, convert, enclosing)
            return inner and partial(_convert_items, inner)
        case "map":
            inner = make_blob_converter(shape.value, convert, enclosing)
            return inner and partial(_convert_values, inner)
        case "structure":
            converters = {
                name: make_blob_converter(member, convert, enclosing) for name, member in shape.members.items()
            }
            member_converters = {name: inner for name, inner in converters.items() if inner is not None}
            return partial(_convert_members, member_converters) if member_converters else None
        case _:
            return None


def _convert_items(convert: Converter, value: Json) -> Json:
    return [convert(item) for item in value] if isinstance(value, list) else value


def _convert_values(convert: Converter, value: Json) -> Json:
    return {key: convert(item) for key, item in value.items()} if isinstance(value, dict) else value


def _convert_members(converters: dict[str, Converter], value: Json) -> Json:
    if not isinstance(value, dict):
        return value
    return value | {name: change(value[name]) for name, change in converters.items() if name in value}


def from_base64(value: Json) -> Json:
    """Decode base64 text; leave other types for the validation to report."""
    if not isinstance(value, str):
        return value
    try:
        return b64decode(value, validate=True)
    except ValueError as error:
        raise AwsError(f"A blob is not base64: {error}", code="SerializationException") from None


def to_base64(value: Json) -> Json:
    """Encode bytes as base64 text for JSON or XML."""
    return b64encode(value).decode() if isinstance(value, bytes) else value
