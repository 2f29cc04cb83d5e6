"""Serialize the parameters of an operation in each protocol of its service, and read the answer, as AWS's SDKs do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from random import Random
from urllib.parse import urlencode

import botocore.model
import botocore.parsers
import botocore.serialize
from botocore.awsrequest import HeadersDict
from botocore.parsers import ResponseParserError
from botocore.response import StreamingBody

from lamplighter.base.json_text import Json
from lamplighter.wire.models.service_models import REST_XML, SERVICES, load_service
from tests.fuzz.known_texts import ACCOUNT, REGION


@dataclass(frozen=True, slots=True)
class FuzzRequest:
    """A request as bytes."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


@dataclass(frozen=True, slots=True)
class FuzzAnswer:
    """The answer to a request."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """An operation of a service in one of its protocols."""

    service: str
    protocol: str
    operation: str

    @property
    def name(self) -> str:
        """Return service and operation."""
        return f"{self.service}:{self.operation}"

    @property
    def model(self) -> Json:
        """Return botocore's model of the operation."""
        return botocore_model(self.service, self.protocol).operation_model(self.operation)

    def names_another(self, params: Json) -> bool:
        """Return whether a request with these parameters may be one of another operation.

        Method and path are not enough for S3: without the number of a part, an upload of a part is one of an object.
        """
        shape = self.model.input_shape
        required = shape.required_members if self.protocol == REST_XML and shape else ()
        return not isinstance(params, dict) or any(
            params.get(name) in (None, "", {}, [])
            or (isinstance(params[name], dict | list) and shape.members[name].serialization.get("location"))
            for name in required
        )

    def serialize(self, params: Json) -> FuzzRequest:
        """Return the request. Raises any exception if the parameters have types that the protocol cannot write."""
        serializer = botocore.serialize.create_serializer(self.protocol, include_validation=False)
        made = serializer.serialize_to_request(params, self.model)
        body = made["body"]
        if isinstance(body, dict):
            body = urlencode(body, doseq=True)
        data = body.encode() if isinstance(body, str) else bytes(body or b"")
        query = made["query_string"]
        headers = [
            (name.lower().encode(), str(value).encode())
            for name, value in {**self._credential(), **made["headers"], "Content-Length": len(data)}.items()
        ]
        text = urlencode(query, doseq=True) if isinstance(query, dict) else str(query)
        path, _, fixed = made["url_path"].partition("?")
        return FuzzRequest(made["method"], path, "&".join(filter(None, (fixed, text))), headers, data)

    def _credential(self) -> Mapping[str, str]:
        scope = f"{ACCOUNT}/20260101/{REGION}/{self.service}/aws4_request"
        return {
            "Host": "localhost",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        }

    def read_answer(self, answer: FuzzAnswer) -> Json:
        """Return the answer as an SDK returns it; an error is under `Error`. Raises ResponseParserError.

        The body of an object is a stream, which an SDK does not decode.
        """
        parser = botocore.parsers.create_parser(self.protocol)
        is_stream = self.model.has_streaming_output and answer.status < 300
        body = StreamingBody(BytesIO(answer.body), len(answer.body)) if is_stream else answer.body
        made = {"body": body, "headers": HeadersDict(answer.headers), "status_code": answer.status}
        try:
            parsed: Json = parser.parse(made, self.model.output_shape)
        except UnicodeDecodeError as error:
            raise ResponseParserError(f"the text of the answer is not UTF-8: {error}") from error
        return parsed


@cache
def botocore_model(service: str, protocol: str) -> Json:
    """Return botocore's own object for the model of a service, in one of its protocols."""
    definition = load_service(service, protocol).model.definition
    metadata = definition["metadata"] | {"protocol": protocol}
    return botocore.model.ServiceModel(definition | {"metadata": metadata}, SERVICES[service].model)


@cache
def all_targets() -> tuple[Target, ...]:
    """Return every operation of every service, in each protocol."""
    return tuple(
        Target(service, protocol, operation)
        for service, entry in SERVICES.items()
        for protocol in entry.protocols
        for operation in botocore_model(service, protocol).operation_names
    )


def damage_request(request: FuzzRequest, random: Random) -> FuzzRequest:
    """Return the request with a changed method, path, query, header or body."""
    path, query, headers, body = request.path, request.query, list(request.headers), request.body
    method, part = request.method, random.randrange(5)
    if part == 0:
        method = random.choice(("GET", "PUT", "DELETE", "POST", "HEAD"))
    elif part == 1:
        path = random.choice(("/", f"{path}/x", f"{path}%ff", "//", f"/{random.randrange(9)}"))
    elif part == 2:
        query = random.choice(("Action=", "x", "Action=Publish&Action=Subscribe", "%", f"{query}&x=%00"))
    elif part == 3:
        at = random.randrange(len(headers))
        headers[at] = headers[at][0], random.choice((b"", b"x", headers[at][1][:-3], b"\xff", b"0"))
    else:
        body = _damage_body(body, random)
        headers = [(name, str(len(body)).encode() if name == b"content-length" else value) for name, value in headers]
    return FuzzRequest(method, path, query, headers, body)


def _damage_body(body: bytes, random: Random) -> bytes:
    if not body:
        return random.choice((b"{", b"\x00", b"<a", b"\xbf\xff", b"[]"))
    at = random.randrange(len(body))
    return random.choice((body[:at], body[:at] + bytes([random.randrange(256)]) + body[at + 1 :], body[at:], body * 2))
