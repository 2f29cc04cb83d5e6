"""Read and verify AWS Signature Version 4: the signer, the region, the service, and whether the signature is valid.

Reads signatures in the Authorization header and in a presigned query. Guarantees that a valid signature covers
everything that defines the call: method, path, query, host, every X-Amz header and the body. The body's hash is always
computed from the received body, except for S3: there the signature covers the header with the hash, and
`wire/object_upload.py` compares the body with it, because an object is not in memory. As on AWS, a request that is sent
again within the time limit is valid again. The caller passes the secret and the time. Asymmetric signatures (SigV4A)
are not supported.
See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from lamplighter.base.errors import AwsError, MissingAuthentication
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.protocols.form import parse_fields

ALGORITHM = "AWS4-HMAC-SHA256"
S3 = "s3"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
MAX_SKEW_SECONDS = 15 * 60
"""The most seconds by which the signer's clock may differ from the engine's."""
MAX_PRESIGNED_SECONDS = 7 * 24 * 3600
"""The most seconds for which a presigned request is valid, even if its X-Amz-Expires is larger."""

_LABEL = re.compile(r"[A-Za-z0-9-]{1,64}")
_UNRESERVED = "-_.~"
_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class CredentialScope:
    """The access key that signed a request, and the date, region and service for which the signature is valid."""

    access_key: str
    date: str
    """The date as YYYYMMDD."""
    region: str
    service: str


@dataclass(frozen=True, slots=True)
class Signature:
    """A request's signature with its parameters, not yet verified."""

    scope: CredentialScope
    signed_headers: str
    """The names in lower case, joined by semicolons, in the order in which they were signed."""
    signature: str
    time: str
    """The time of signing as YYYYMMDDTHHMMSSZ."""
    lifetime: int
    """Seconds after `time` for which the signature is valid."""
    presigned: bool


def read_scope(http: HttpRequest) -> CredentialScope:
    """Return the credential scope of the request's signature.

    Raises MissingAuthentication without a signature, and IncompleteSignature if the scope is missing or malformed.
    """
    header = http.headers.get(b"authorization")
    if header is not None:
        return _parse_credential(_between(header.decode("latin-1"), "Credential=", ","))
    if is_presigned(http):
        return _parse_credential(dict(parse_fields(http.query)).get("X-Amz-Credential", ""))
    raise MissingAuthentication("Missing Authentication Token")


def is_presigned(http: HttpRequest) -> bool:
    """Return whether the query contains the request's signature."""
    return b"authorization" not in http.headers and b"X-Amz-Credential=" in http.query


def _between(text: str, start: str, end: str) -> str:
    return text.partition(start)[2].partition(end)[0].strip()


@lru_cache(maxsize=256)
def _parse_credential(text: str) -> CredentialScope:
    parts = text.rsplit("/", 4)
    if len(parts) != 5 or not parts[0] or parts[4] != "aws4_request" or not all(map(_LABEL.fullmatch, parts[1:4])):
        example = "keyid/date/region/service/term"
        raise _incomplete_signature(
            f"Credential must have exactly 5 slash-delimited elements, e.g. {example}, got '{text}'"
        )
    return CredentialScope(*parts[:4])


def _incomplete_signature(message: str) -> AwsError:
    return AwsError(message, code="IncompleteSignature")


def read_signature(http: HttpRequest) -> Signature:
    """Return the request's signature. Raises IncompleteSignature if a part is missing."""
    found = _signature_from_header(http) if b"authorization" in http.headers else _signature_from_query(http)
    if found.presigned:
        algorithm = dict(parse_fields(http.query)).get("X-Amz-Algorithm", "")
    else:
        algorithm = http.headers[b"authorization"].decode("latin-1").partition(" ")[0]
    if algorithm != ALGORITHM:
        raise _incomplete_signature(f"Unsupported AWS 'algorithm': '{algorithm}'")
    if not (found.signed_headers and found.signature and re.fullmatch(r"\d{8}T\d{6}Z", found.time, re.ASCII)):
        raise _incomplete_signature("The signature, its date or its signed headers are missing or invalid.")
    return found


def _signature_from_header(http: HttpRequest) -> Signature:
    header = http.headers[b"authorization"].decode("latin-1")
    return Signature(
        read_scope(http),
        signed_headers=_between(header, "SignedHeaders=", ","),
        signature=_between(header, "Signature=", ","),
        time=http.headers.get(b"x-amz-date", b"").decode("latin-1"),
        lifetime=MAX_SKEW_SECONDS,
        presigned=False,
    )


def _signature_from_query(http: HttpRequest) -> Signature:
    given = dict(parse_fields(http.query))
    expires = given.get("X-Amz-Expires", "")
    return Signature(
        read_scope(http),
        signed_headers=given.get("X-Amz-SignedHeaders", ""),
        signature=given.get("X-Amz-Signature", ""),
        time=given.get("X-Amz-Date", ""),
        lifetime=min(int(expires), MAX_PRESIGNED_SECONDS) if re.fullmatch("[0-9]{1,6}", expires) else 0,
        presigned=True,
    )


def verify_signature(http: HttpRequest, secret: str, now: int) -> None:
    """Verify that `secret` signed this request and that the signature is valid now.

    `now` is in milliseconds since the epoch. Raises IncompleteSignature, RequestExpired for a presigned request that
    has expired, and InvalidSignatureException for every other fault. AWS uses the same code for a wrong signature and
    for an outdated one.
    """
    given = read_signature(http)
    _check_time(given, now)
    _check_signed_headers(http, given)
    if not hmac.compare_digest(sign(http, given, secret).encode(), given.signature.encode()):
        raise _invalid_signature(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details."
        )


def _invalid_signature(message: str) -> AwsError:
    return AwsError(message, code="InvalidSignatureException", status=403)


def _check_signed_headers(http: HttpRequest, given: Signature) -> None:
    """Require that the signature covers the host and every X-Amz header.

    An attacker could add or change an unsigned header, for example a target that names another operation.
    """
    signed = {name.encode() for name in given.signed_headers.split(";")}
    if b"host" not in signed:
        raise _invalid_signature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    for name in http.headers:
        if name.startswith(b"x-amz-") and name not in signed:
            raise _invalid_signature(f"'{name.decode('latin-1')}' must be a 'SignedHeader' in the AWS Authorization.")


def request_expired() -> AwsError:
    """Return the error for a presigned URL that has ended."""
    return AwsError("Request has expired.", code="RequestExpired")


def check_time(http: HttpRequest, now: int) -> None:
    """Raise an error if the signature is not valid at this time; `now` is in milliseconds."""
    _check_time(read_signature(http), now)


def _check_time(given: Signature, now: int) -> None:
    try:
        signed = datetime.strptime(given.time, _TIME).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise _incomplete_signature(f"'{given.time}' is not a valid date.") from None
    clock = now / 1000
    if signed > clock + MAX_SKEW_SECONDS:
        latest = f"{_format_time(clock + MAX_SKEW_SECONDS)} ({_format_time(clock)} + 15 min.)"
        raise _invalid_signature(f"Signature not yet current: {given.time} is still later than {latest}")
    if signed + given.lifetime < clock:
        if given.presigned:
            raise request_expired()
        earliest = f"{_format_time(clock - MAX_SKEW_SECONDS)} ({_format_time(clock)} - 15 min.)"
        raise _invalid_signature(f"Signature expired: {given.time} is now earlier than {earliest}")
    if not given.time.startswith(given.scope.date):
        raise _invalid_signature(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP."
        )


def _format_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(_TIME)


def sign(http: HttpRequest, given: Signature, secret: str) -> str:
    """Return the signature of the string to sign under the derived key (tasks 2 and 3 of the specification)."""
    scope = (given.scope.date, given.scope.region, given.scope.service, "aws4_request")
    digest = hashlib.sha256(canonical_request(http, given)).hexdigest()
    text = "\n".join((ALGORITHM, given.time, "/".join(scope), digest))
    return _sign_text(secret, scope, text)


def _sign_text(secret: str, scope: tuple[str, ...], text: str) -> str:
    key = f"AWS4{secret}".encode()
    for part in (*scope, text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def canonical_request(http: HttpRequest, given: Signature) -> bytes:
    """Build the canonical request (task 1 of the specification)."""
    names = given.signed_headers.split(";")
    headers = "".join(f"{name}:{_header(http, name)}\n" for name in names)
    is_s3 = given.scope.service == S3
    body = content_hash(http) if is_s3 else hashlib.sha256(http.body).hexdigest()
    path = quote(unquote_to_bytes(http.path), safe="/" + _UNRESERVED) if is_s3 else _path(http.path)
    lines = (http.method, path, _query(http, given), headers, given.signed_headers, body)
    return "\n".join(lines).encode()


def content_hash(http: HttpRequest) -> str:
    """Return the hash of the body that a request to S3 claims, or the word that it has in the place of the hash."""
    return http.headers.get(b"x-amz-content-sha256", UNSIGNED_PAYLOAD.encode()).decode("latin-1")


def sign_chunk(given: Signature, secret: str, kind: str, previous: str, digest: str) -> str:
    """Return the signature of a chunk of a body (PAYLOAD), or of the trailers (TRAILER), after the previous one.

    See https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html.
    """
    scope = (given.scope.date, given.scope.region, given.scope.service, "aws4_request")
    empty = [hashlib.sha256(b"").hexdigest()] if kind == "PAYLOAD" else []
    text = "\n".join((f"{ALGORITHM}-{kind}", given.time, "/".join(scope), previous, *empty, digest))
    return _sign_text(secret, scope, text)


def _header(http: HttpRequest, name: str) -> str:
    return b" ".join(http.headers.get(name.encode(), b"").split()).decode("latin-1")


def _path(path: bytes) -> str:
    """Percent-encode the path a second time, as every service except S3 requires."""
    return quote(path, safe="/" + _UNRESERVED) or "/"


def _query(http: HttpRequest, given: Signature) -> str:
    pairs = (pair.partition(b"=") for pair in http.query.split(b"&") if pair)
    encoded = [(_encode(name), _encode(value)) for name, _, value in pairs]
    kept = [pair for pair in encoded if not (given.presigned and pair[0] == "X-Amz-Signature")]
    return "&".join(f"{name}={value}" for name, value in sorted(kept))


def _encode(part: bytes) -> str:
    return quote(unquote_to_bytes(part.replace(b"+", b" ")), safe=_UNRESERVED)
