"""Convert a resource's properties into an operation's parameters.

CloudFormation spells members differently ("DockerLabels" is ECS's dockerLabels), writes numbers as text and documents
as objects. Guarantees parameters in the spelling and types of the service's model. Rejects a member that the model does
not have, with CloudFormation's message.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-type-schema.html.
"""

import re
from datetime import UTC, datetime

from lamplighter.base.aws.service_model import ListShape, MapShape, Shape, StructureShape
from lamplighter.base.json_text import Json, dumps
from lamplighter.base.number_text import parse_decimal
from lamplighter.lang.template.functions import value_as_text
from lamplighter.services.cloudformation.errors import ResourceFailed

RENAMED_MEMBERS = {
    "filesystemid": "fileSystemId",
    "taglist": "Tags",
    "placementstrategies": "PlacementStrategy",
    "proxyconfigurationproperties": "properties",
}
"""The model's names of members that have another name in CloudFormation."""

_INTEGER = re.compile(r"[-+]?[0-9]+")


def fit_to_shape(shape: Shape | None, value: Json, place: str = "#") -> Json:
    """Return a value in the spelling and types of the model; raise `ResourceFailed` if it does not fit."""
    if isinstance(shape, StructureShape):
        return _members(shape, value, place)
    if isinstance(shape, ListShape):
        items = value if isinstance(value, list) else [value]
        return [fit_to_shape(shape.member, item, f"{place}/{at}") for at, item in enumerate(items)]
    if isinstance(shape, MapShape):
        pairs = _pairs(value, place)
        return {key: fit_to_shape(shape.value, inner, f"{place}/{key}") for key, inner in pairs.items()}
    return _scalar(shape.type_name if shape is not None else "string", value, place)


def _members(shape: StructureShape, value: Json, place: str) -> Json:
    if not isinstance(value, dict):
        raise _invalid_property(place, f"expected type: JSONObject, found: {_json_type(value)}")
    if shape.metadata.get("document"):
        return value
    known = {name.lower(): name for name in shape.members}
    found = {}
    for key, inner in value.items():
        name = known.get(key.lower(), RENAMED_MEMBERS.get(key.lower(), ""))
        if name not in shape.members:
            raise _invalid_property(place, f"extraneous key [{key}] is not permitted")
        if inner is not None:
            found[name] = fit_to_shape(shape.members[name], inner, f"{place}/{key}")
    return found


def _pairs(value: Json, place: str) -> dict[str, Json]:
    """Return a map. CloudFormation often has a list of tags where the service has a map."""
    if isinstance(value, list) and all(isinstance(tag, dict) and "Key" in tag for tag in value):
        return {str(tag["Key"]): tag.get("Value", "") for tag in value}
    if not isinstance(value, dict):
        raise _invalid_property(place, f"expected type: JSONObject, found: {_json_type(value)}")
    return value


def _scalar(kind: str, value: Json, place: str) -> Json:
    match kind:
        case "string" | "character":
            return dumps(value) if isinstance(value, (dict, list)) else value_as_text(value)
        case "boolean":
            return _boolean(value, place)
        case "integer" | "long":
            return _integer(value, place)
        case "float" | "double":
            return _decimal(value, place)
        case "timestamp":
            return _timestamp(value, place)
        case "blob":
            return value if isinstance(value, bytes) else value_as_text(value).encode()
        case _:
            return value


def _boolean(value: Json, place: str) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() not in ("true", "false"):
        raise _invalid_property(place, f"expected type: Boolean, found: {_json_type(value)}")
    return str(value).lower() == "true"


def _integer(value: Json, place: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str) or not _INTEGER.fullmatch(value):
        raise _invalid_property(place, f"expected type: Integer, found: {_json_type(value)}")
    return int(value)


def _decimal(value: Json, place: str) -> float:
    try:
        return parse_decimal(value) if isinstance(value, str) else float(value)
    except (TypeError, ValueError, OverflowError):
        raise _invalid_property(place, f"expected type: Number, found: {_json_type(value)}") from None


def _timestamp(value: Json, place: str) -> float:
    if isinstance(value, (int, float)):
        return value
    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError:
        raise _invalid_property(place, f"string [{value}] does not match the form of a timestamp") from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()


def _json_type(value: Json) -> str:
    names = {dict: "JSONObject", list: "JSONArray", str: "String", bool: "Boolean", int: "Integer", float: "Number"}
    return names.get(type(value), "Null")


def _invalid_property(place: str, reason: str) -> ResourceFailed:
    return ResourceFailed(f"Properties validation failed with message: {place}: {reason}")
