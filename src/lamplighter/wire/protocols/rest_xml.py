"""Decode and encode REST XML, S3's protocol: the operation in method, path, query and headers, and bodies in XML.

See https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html. Guarantees that the most specific operation is found:
one that requires more of the query and the headers comes first. The body of an object is a file, in both directions.
"""

import re
from collections.abc import Callable, Mapping
from email.utils import formatdate, parsedate_to_datetime
from functools import partial
from urllib.parse import unquote_to_bytes

from lamplighter.base.aws.service_model import OperationModel, Shape
from lamplighter.base.errors import AwsError, UnknownOperation, service_error
from lamplighter.base.file_body import FileBody
from lamplighter.base.json_text import Json
from lamplighter.wire.http import HttpRequest, Response
from lamplighter.wire.models.service_models import ServiceShapes
from lamplighter.wire.protocols.form import parse_fields
from lamplighter.wire.protocols.rest_paths import path_pattern
from lamplighter.wire.protocols.text import parse_text, write_text
from lamplighter.wire.protocols.xml import escape_text, write_element, write_members
from lamplighter.wire.protocols.xml_input import read_xml

CONTENT_TYPE = b"application/xml"
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
ROOTS: Mapping[str, str] = {
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "DeleteObjects": "DeleteResult",
    "GetBucketAcl": "AccessControlPolicy",
    "GetBucketCors": "CORSConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketLocation": "LocationConstraint",
    "GetBucketLogging": "BucketLoggingStatus",
    "GetBucketRequestPayment": "RequestPaymentConfiguration",
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetObjectAcl": "AccessControlPolicy",
    "GetObjectAttributes": "GetObjectAttributesResponse",
    "GetObjectTagging": "Tagging",
    "ListBuckets": "ListAllMyBucketsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListParts": "ListPartsResult",
}
"""The root elements of answers without a payload member: the public model does not have them."""
STATUSES: Mapping[str, int] = {"PutBucketPolicy": 204}
"""The statuses of answers that the public model does not have."""
ERROR_CODES: Mapping[str, tuple[str, int]] = {
    "AccessDeniedException": ("AccessDenied", 403),
    "IncompleteSignature": ("AuthorizationHeaderMalformed", 400),
    "InvalidSignatureException": ("SignatureDoesNotMatch", 403),
    "MalformedInput": ("InvalidArgument", 400),
    "MissingAuthenticationTokenException": ("AccessDenied", 403),
    "RequestEntityTooLargeException": ("EntityTooLarge", 400),
    "RequestExpired": ("AccessDenied", 403),
    "UnknownOperationException": ("NotImplemented", 501),
    "UnrecognizedClientException": ("InvalidAccessKeyId", 403),
}
"""S3's own codes for errors that arise before an operation, or that all services have."""


InvalidUri = service_error("InvalidURI", "Couldn't parse the specified URI.")

DEPRECATED = frozenset(
    {
        "GetBucketLifecycle",
        "GetBucketNotification",
        "ListDirectoryBuckets",
        "PutBucketLifecycle",
        "PutBucketNotification",
    }
)
"""Operations that no request names, because a newer operation has the same method and path."""


# --- operations -------------------------------------------------------------------------------------------------------


def make_matcher(operation: OperationModel) -> tuple[int, Callable[[HttpRequest], bool]]:
    """Return how much an operation requires beyond method and path, and a predicate that matches its requests."""
    uri, _, query = operation.http["requestUri"].partition("?")
    path, method = _compile_path(uri), operation.http["method"]
    fields = dict(field.partition("=")[::2] for field in query.split("&") if field)
    headers: list[bytes] = []
    shape = operation.input_shape
    for name in shape.required_members if shape else ():
        place = shape.members[name].serialization if shape else {}
        if place.get("location") == "querystring":
            fields.setdefault(place["name"], "")
        elif place.get("location") == "header" and not query:  # a fixed query names the operation by itself
            headers.append(place["name"].lower().encode())

    def matches(http: HttpRequest) -> bool:
        if http.method != method or path.fullmatch(http.path) is None:
            return False
        given = dict(parse_fields(http.query)) if fields else {}
        return all(name in given and value in ("", given[name]) for name, value in fields.items()) and all(
            name in http.headers for name in headers
        )

    return len(fields) + len(headers), matches


def takes_file(operation: OperationModel) -> bool:
    """Return whether the body of an operation's request is an object."""
    shape = operation.input_shape
    payload = shape.serialization.get("payload") if shape else None
    return bool(shape and payload and shape.members[payload].serialization.get("streaming"))


def _compile_path(uri: str) -> re.Pattern[bytes]:
    end = "/?" if uri.endswith("}") and not uri.endswith("+}") else ""  # `/bucket/` is the bucket
    return re.compile(f"{path_pattern(uri)}{end}".encode(), re.DOTALL)


# --- requests ---------------------------------------------------------------------------------------------------------


def make_decoder(operation: OperationModel) -> Callable[[HttpRequest], Json]:
    """Return a function that decodes params. It raises MalformedXml for a bad body, else MalformedInput."""
    shape = operation.input_shape
    if shape is None:
        return lambda _: {}
    path = _compile_path(operation.http["requestUri"].partition("?")[0])
    readers = [
        partial(_READERS[member.serialization["location"]], path, name, member)
        for name, member in shape.members.items()
        if member.serialization.get("location") in _READERS
    ]
    payload = shape.serialization.get("payload")

    def decode(http: HttpRequest) -> Json:
        params: dict[str, Json] = {}
        for read in readers:
            params.update(read(http))
        if payload is not None:
            params.update(_read_payload(http, payload, shape.members[payload]))
        return params

    return decode


def _read_payload(http: HttpRequest, name: str, member: Shape) -> Json:
    if member.type_name == "structure":
        return {name: read_xml(http.body, member)} if http.body else {}
    if member.type_name == "blob":
        return {} if http.file is None else {name: http.file}
    return {name: http.body.decode(errors="replace")}


def _from_path(path: re.Pattern[bytes], name: str, member: Shape, http: HttpRequest) -> Json:
    match = path.fullmatch(http.path)
    if match is None:
        raise UnknownOperation("The path is not that of the operation.", status=404)
    try:
        return {name: unquote_to_bytes(match[member.serialization.get("name", name)]).decode()}
    except UnicodeDecodeError:  # two keys must not become one
        raise InvalidUri from None


def _from_query(_: re.Pattern[bytes], name: str, member: Shape, http: HttpRequest) -> Json:
    key = member.serialization.get("name", name)
    values = [value for field, value in parse_fields(http.query) if field == key]
    return {name: _parse_place(values[0], member)} if values else {}


def _from_header(_: re.Pattern[bytes], name: str, member: Shape, http: HttpRequest) -> Json:
    value = http.headers.get(member.serialization.get("name", name).lower().encode())
    if value is None:
        return {}
    text = value.decode("latin-1")
    if member.type_name == "list":
        return {name: [each.strip() for each in text.split(",")]}
    return {name: _parse_place(text, member)}


def _from_headers(_: re.Pattern[bytes], name: str, member: Shape, http: HttpRequest) -> Json:
    prefix = member.serialization["name"].lower().encode()
    found = {
        key.removeprefix(prefix).decode("latin-1"): value.decode("latin-1")
        for key, value in http.headers.items()
        if key.startswith(prefix)
    }
    return {name: found} if found else {}


def _parse_place(text: str, member: Shape) -> Json:
    if member.type_name == "timestamp":
        try:
            return parsedate_to_datetime(text).timestamp()
        except (ValueError, TypeError):
            return parse_text(text, member)
    return parse_text(text, member)


_READERS = {"uri": _from_path, "querystring": _from_query, "header": _from_header, "headers": _from_headers}


# --- answers ----------------------------------------------------------------------------------------------------------


def make_encoder(_: ServiceShapes, operation: OperationModel) -> Callable[[Json, str], Response]:
    """Return a function that encodes the operation's result with the request's ID."""
    shape = operation.output_shape
    status = operation.http.get("responseCode", STATUSES.get(operation.name, 200))
    is_head = operation.http["method"] == "HEAD"
    root = ROOTS.get(operation.name, f"{operation.name}Result")

    def encode(result: Json, request_id: str) -> Response:
        found = result or {}
        headers = _write_headers(shape, found) if shape else []
        body, file = _write_body(shape, root, found) if shape else (b"", None)
        code = 206 if "ContentRange" in found else status
        size = found["ContentLength"] if is_head and "ContentLength" in found else file.size if file else len(body)
        return _respond(code, headers, body, request_id, size=None if status == 204 else size, file=file)

    return encode


def _respond(
    status: int,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    request_id: str,
    *,
    size: int | None,
    file: FileBody | None = None,
) -> Response:
    given = {name for name, _ in headers}
    if body and b"content-type" not in given:
        headers = [*headers, (b"content-type", CONTENT_TYPE)]
    if size is not None and b"content-length" not in given:
        headers = [*headers, (b"content-length", b"%d" % size)]
    own = [
        (b"x-amz-request-id", request_id.encode()),
        (b"x-amz-id-2", request_id.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"cross-origin-resource-policy", b"same-origin"),
        # The console has the same origin: a page that is an object must not act in it.
        (b"content-security-policy", b"sandbox"),
    ]
    return Response(status, [*own, *headers], body, file)


def _write_headers(shape: Shape, result: Json) -> list[tuple[bytes, bytes]]:
    headers: list[tuple[bytes, bytes]] = []
    for name, member in shape.members.items():
        value, place = result.get(name), member.serialization
        if value is None or "location" not in place:
            continue
        if place["location"] == "headers":
            headers += [(f"{place['name']}{key}".lower().encode(), _header(text)) for key, text in value.items()]
        elif place["location"] == "header":
            is_time = member.type_name == "timestamp" and not isinstance(value, str)
            text = formatdate(value, usegmt=True) if is_time else write_text(value, member)
            headers.append((place["name"].lower().encode(), _header(text)))
    return headers


def _header(text: str) -> bytes:
    return text.replace("\r", " ").replace("\n", " ").encode("latin-1", "replace")


def _write_body(shape: Shape, root: str, result: Json) -> tuple[bytes, FileBody | None]:
    payload = shape.serialization.get("payload")
    if payload is None:
        members = {name: member for name, member in shape.members.items() if "location" not in member.serialization}
        if not members:
            return b"", None
        inside = result.get(RAW)
        if inside is None:
            inside = write_members({name: result.get(name) for name in members}, shape)
        return _document(f'<{root} xmlns="{NAMESPACE}">{inside}</{root}>'), None
    value, member = result.get(payload), shape.members[payload]
    if isinstance(value, FileBody):
        return b"", value
    if value is None:
        return b"", None
    if member.type_name == "structure":
        name = member.serialization.get("name", payload)
        text = write_element(name, value, member)
        return _document(f'<{name} xmlns="{NAMESPACE}"{text[len(name) + 1 :]}'), None
    return value if isinstance(value, bytes) else str(value).encode(), None


RAW = "\0raw"
"""The key of a result whose answer is a text inside the root element, as that of GetBucketLocation."""


def _document(text: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def encode_error(service: ServiceShapes | None, error: AwsError, request_id: str) -> Response:
    """Encode an error as S3 does; an answer without a body is for HEAD and for a page that did not change."""
    del service
    code, status = ERROR_CODES.get(error.code, (error.code, error.status))
    headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in error.headers.items()]
    if status == 304:
        return _respond(status, headers, b"", request_id, size=None)
    details = {"Code": code, "Message": error.message, **error.details, "RequestId": request_id, "HostId": request_id}
    inside = "".join(f"<{name}>{escape_text(value)}</{name}>" for name, value in details.items())
    body = _document(f"<Error>{inside}</Error>")
    return _respond(status, headers, body, request_id, size=len(body))
