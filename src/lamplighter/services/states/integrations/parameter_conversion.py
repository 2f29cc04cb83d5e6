"""Convert parameters and answers between the spelling of Step Functions and that of the called service.

"Parameters in Step Functions are expressed in PascalCase, even if the native service API is in camelCase." If the
service expects text, an object becomes JSON text. A null value means that the member is absent.
See https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

from lamplighter.base.aws.service_model import ListShape, MapShape, Shape, StructureShape
from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json, dumps

SCALARS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
}


class ParametersRefused(LamplighterError):
    """The error for parameters that do not fit the call."""


def to_service(shape: Shape | None, value: Json, name: str = "") -> Json:
    """Convert a state machine's parameters to the service's form. Raises `ParametersRefused`."""
    if isinstance(shape, StructureShape):
        return _convert_members(shape, value, name)
    if isinstance(shape, ListShape):
        if not isinstance(value, list):
            raise ParametersRefused(f"The value for the field '{name}' must be a LIST")
        return [to_service(shape.member, item, name) for item in value]
    if isinstance(shape, MapShape):
        if not isinstance(value, dict):
            raise ParametersRefused(f"The value for the field '{name}' must be a MAP")
        return {key: to_service(shape.value, item, key) for key, item in value.items()}
    return _convert_scalar(shape, value, name)


def _convert_members(shape: StructureShape, value: Json, name: str) -> Json:
    if not isinstance(value, dict):
        raise ParametersRefused(f"The value for the field '{name}' must be a STRUCTURE")
    out, given = {}, set()
    for key, inner in value.items():
        member = member_of(shape, key)
        if member is None:
            raise ParametersRefused(f'The field "{key}" is not supported by Step Functions')
        # A null member counts as given: the service itself reports it. Observed with SQS: MissingParameter.
        given.add(member)
        if inner is not None:
            out[member] = to_service(shape.members[member], inner, key)
    missing = [member for member in shape.required_members if member not in given]
    if missing:
        raise ParametersRefused(f"The field '{pascal_case(missing[0])}' is required but was missing")
    return out


@lru_cache(maxsize=4096)
def member_of(shape: StructureShape, key: str) -> str | None:
    """Return the structure's member for a key of a state machine, or None.

    Step Functions spells like the AWS SDK for Java, which capitalises only the first letter of an abbreviation:
    OkActions for OKActions.
    """
    uncapitalised = key[:1].lower() + key[1:]
    exact = next((name for name in (key, uncapitalised) if name in shape.members), None)
    if exact is not None:
        return exact
    alike = [name for name in shape.members if name.lower() == key.lower()]
    return alike[0] if len(alike) == 1 else None


def _convert_scalar(shape: Shape | None, value: Json, name: str) -> Json:
    kind = shape.type_name if shape is not None else "string"
    if kind == "string" and isinstance(value, (dict, list)):
        return dumps(value)
    if shape is not None and kind == "blob":
        # Measured against AWS: an object's content is JSON, so a text is stored in quotes; other bytes are in base64.
        is_content = shape.serialization.get("streaming") and not isinstance(value, bytes)
        return dumps(value).encode() if is_content else _to_bytes(value, name)
    if kind == "timestamp" and isinstance(value, str):
        return _parse_time(value, name)
    expected = SCALARS.get(kind)
    if expected is not None and (not isinstance(value, expected) or (isinstance(value, bool) and kind != "boolean")):
        raise ParametersRefused(f"The value for the field '{name}' must be a {kind.upper()}")
    return value


def _parse_time(value: str, name: str) -> float:
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise ParametersRefused(f"The value for the field '{name}' must be a TIMESTAMP") from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()


def _to_bytes(value: Json, name: str) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        return dumps(value).encode()
    try:
        return b64decode(value, validate=True)
    except ValueError:
        raise ParametersRefused(f"The value for the field '{name}' must be a BLOB") from None


def to_states(shape: Shape | None, value: Json, render_time: Callable[[float], Json]) -> Json:
    """Convert a service's answer to Step Functions' form; `render_time` renders a time given in seconds."""
    if isinstance(value, str):  # most values of most answers
        return value
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {pascal_case(key): to_states(shape.members.get(key), inner, render_time) for key, inner in value.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [to_states(shape.member, item, render_time) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: to_states(shape.value, item, render_time) for key, item in value.items()}
    if shape is not None and shape.type_name == "timestamp" and isinstance(value, (int, float)):
        return render_time(value)
    if isinstance(value, datetime):
        return render_time(value.timestamp())
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value


@lru_cache(maxsize=4096)
def pascal_case(name: str) -> str:
    """Turn fooBar into FooBar."""
    return name[:1].upper() + name[1:]
