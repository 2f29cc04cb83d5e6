"""Read and verify presigned URLs of S3 with AWS Signature Version 2, which boto3 makes unless it is configured.

Guarantees that a valid signature covers the method, the path, the parameters that choose an operation or a version, the
X-Amz headers, Content-Type and Content-MD5. It ends at the time in `Expires`. Only URLs of S3 are read, and no
Authorization header. See https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html.
"""

import hashlib
import hmac
import re
from base64 import b64encode
from dataclasses import replace
from urllib.parse import unquote_to_bytes

from lamplighter.base.errors import AwsError
from lamplighter.wire.access.sigv4 import S3, CredentialScope, request_expired
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.protocols.aws_chunked import signature_mismatch
from lamplighter.wire.protocols.form import parse_fields

REGION = "us-east-1"
"""A URL names no region."""
_NEEDED = (b"AWSAccessKeyId=", b"Signature=", b"Expires=")
_HEADERS = ("content-md5", "content-type")
_SUB_RESOURCES = frozenset(
    {
        *("accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "inventory", "lifecycle", "location"),
        *("logging", "metrics", "notification", "object-lock", "partNumber", "policy", "replication", "requestPayment"),
        *("response-cache-control", "response-content-disposition", "response-content-encoding"),
        *("response-content-language", "response-content-type", "response-expires", "restore", "select", "select-type"),
        *("storageClass", "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning", "versions"),
        "website",
    }
)
"""The parameters that the signature covers."""


def is_presigned(http: HttpRequest) -> bool:
    """Return whether the query contains a signature of version 2."""
    return b"authorization" not in http.headers and all(name in http.query for name in _NEEDED)


def read_scope(http: HttpRequest) -> CredentialScope:
    """Return who signed a presigned URL."""
    return CredentialScope(dict(parse_fields(http.query)).get("AWSAccessKeyId", ""), "", REGION, S3)


def check_time(http: HttpRequest, now: int) -> None:
    """Raise RequestExpired if the URL has ended; `now` is in milliseconds."""
    expires = dict(parse_fields(http.query)).get("Expires", "")
    if re.fullmatch("[0-9]{1,12}", expires) is None:
        raise AwsError(f"Invalid date (should be seconds since epoch): {expires[:50]}", code="AccessDenied", status=403)
    if int(expires) * 1000 < now:
        raise request_expired()


def headers_from_query(http: HttpRequest) -> HttpRequest:
    """Return the request with the headers that a presigned URL has in its query."""
    if not is_presigned(http):
        return http
    try:
        fields = {name.lower(): value for name, value in parse_fields(http.query)}
    except AwsError:
        return http  # reading the signature raises it
    found = {
        name.encode(errors="replace"): value.encode("latin-1", "replace")
        for name, value in fields.items()
        if name in _HEADERS or (name.startswith("x-amz-") and name != "x-amz-target")
    }
    return replace(http, headers={**found, **http.headers})


def verify_signature(http: HttpRequest, bucket: bytes, secret: str, now: int) -> None:
    """Verify that `secret` signed the URL; `bucket` is the one that the host names, if any."""
    check_time(http, now)
    given = dict(parse_fields(http.query)).get("Signature", "")
    digest = hmac.digest(secret.encode(), _string_to_sign(http, bucket), hashlib.sha1)
    if not hmac.compare_digest(b64encode(digest), given.encode()):
        raise signature_mismatch()


def _string_to_sign(http: HttpRequest, bucket: bytes) -> bytes:
    known = {name.decode("latin-1"): value.decode("latin-1") for name, value in http.headers.items()}
    amazon = sorted(name for name in known if name.startswith("x-amz-"))
    lines = [
        http.method,
        *(known.get(name, "") for name in _HEADERS),
        dict(parse_fields(http.query)).get("Expires", ""),
        *(f"{name}:{known[name].strip()}" for name in amazon),
        _resource(http, bucket),
    ]
    return "\n".join(lines).encode()


def _resource(http: HttpRequest, bucket: bytes) -> str:
    path = (b"/" + bucket + http.path if bucket else http.path).decode("latin-1")
    pairs = (pair.partition(b"=") for pair in http.query.split(b"&"))
    decoded = [(_decode(name), f"{mark.decode()}{_decode(value)}") for name, mark, value in pairs]
    # A parameter that occurs twice is there twice: the signature of a URL with one of them does not cover it.
    chosen = "&".join(f"{name}{value}" for name, value in sorted(decoded) if name in _SUB_RESOURCES)
    return f"{path}?{chosen}" if chosen else path


def _decode(text: bytes) -> str:
    return unquote_to_bytes(text.replace(b"+", b" ")).decode(errors="replace")
