"""Encode the call of an operation as an HTTP request, in the service's default protocol.

The parameters have the model's names; a datetime becomes the protocol's time, bytes become Base64. Does not check the
parameters: the engine does. See https://smithy.io/2.0/aws/protocols/index.html.
"""

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote, urlencode

from lamplighter.base.aws.service_model import OperationModel, Shape
from lamplighter.base.json_text import Json, dump_bytes
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.models.service_models import QUERY, REST_JSON, SERVICES
from lamplighter.wire.protocols.blobs import to_base64
from lamplighter.wire.protocols.text import write_text


def encode_request(service: str, version: str, operation: OperationModel, params: Json) -> HttpRequest:
    """Return the request without its signature; `service` is the signing name, `version` that of a Query API."""
    entry = SERVICES[service]
    shape = operation.input_shape
    if entry.protocols[0] == QUERY:
        fields = [("Action", operation.name), ("Version", version), *_fields("", params, shape)]
        headers = {b"content-type": b"application/x-www-form-urlencoded; charset=utf-8"}
        return HttpRequest("POST", b"/", b"", headers, urlencode(fields).encode())
    plain = {name: _to_json(value, shape.members[name]) for name, value in params.items()} if shape is not None else {}
    if entry.protocols[0] == REST_JSON:
        return _rest_request(operation, plain)
    headers = {
        b"content-type": b"application/x-amz-json-1.0",
        b"x-amz-target": f"{entry.target}.{operation.name}".encode(),
    }
    return HttpRequest("POST", b"/", b"", headers, dump_bytes(plain))


def _to_json(value: Json, shape: Shape) -> Json:
    match shape.type_name:
        case "structure" if not shape.is_document_type:
            return {name: _to_json(member, shape.members[name]) for name, member in value.items()}
        case "list":
            return [_to_json(item, shape.member) for item in value]
        case "map":
            return {key: _to_json(item, shape.value) for key, item in value.items()}
        case "timestamp" if isinstance(value, datetime):
            return value.timestamp()
        case "blob":
            return to_base64(value.encode() if isinstance(value, str) else value)
        case _:
            return value


def _rest_request(operation: OperationModel, params: Json) -> HttpRequest:
    """Put each parameter at the place that the model names: in the path, in the query string, or in the body."""
    path, query, body = operation.http["requestUri"].partition("?")[0], [], {}
    members = operation.input_shape.members if operation.input_shape is not None else {}
    for name, value in params.items():
        place, key = members[name].serialization.get("location"), members[name].serialization.get("name", name)
        if place == "uri":
            path = path.replace(f"{{{key}}}", quote(str(value), safe=""))
        elif place == "querystring":
            query.append((key, value if isinstance(value, str) else write_text(value, members[name])))
        else:
            body[key] = value
    headers = {b"content-type": b"application/json"}
    content = dump_bytes(body) if body else b""
    return HttpRequest(operation.http["method"], path.encode(), urlencode(query).encode(), headers, content)


def _fields(prefix: str, value: Json, shape: Shape | None) -> Iterator[tuple[str, str]]:
    """Yield the fields of a form for a value: `Parameters.member.1.ParameterKey=Stage`."""
    if shape is None:
        return
    match shape.type_name:
        case "structure":
            for name, member in value.items():
                inner = shape.members[name]
                key = inner.serialization.get("name", name)
                yield from _fields(f"{prefix}.{key}" if prefix else key, member, inner)
        case "list":
            flat = shape.serialization.get("flattened")
            start = prefix if flat else f"{prefix}.{shape.member.serialization.get('name', 'member')}"
            for number, item in enumerate(value, 1):
                yield from _fields(f"{start}.{number}", item, shape.member)
            if not value:
                yield prefix, ""
        case "map":
            start = prefix if shape.serialization.get("flattened") else f"{prefix}.entry"
            for number, (key, item) in enumerate(value.items(), 1):
                yield f"{start}.{number}.{shape.key.serialization.get('name', 'key')}", key
                name = shape.value.serialization.get("name", "value")
                yield from _fields(f"{start}.{number}.{name}", item, shape.value)
        case _:
            plain = value.timestamp() if isinstance(value, datetime) else value
            yield prefix, plain if isinstance(plain, str) else write_text(plain, shape)
