"""Receive the body of a request that is stored as an object: piece by piece, into a file.

Guarantees that the file has exactly the bytes that the caller signed: the length, the hash of the body, the signature
of each chunk, Content-MD5 and the check in a header or a trailer are compared. The file is not synced yet. See
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html.
"""

import hashlib
import zlib
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from io import RawIOBase
from pathlib import Path
from typing import Protocol

from lamplighter.base.crc import Update, crc32c, crc64nvme
from lamplighter.base.errors import AwsError, ServiceError, service_error
from lamplighter.base.file_body import ReceivedFile
from lamplighter.base.files import create_file
from lamplighter.wire.access import sigv4
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.protocols.aws_chunked import ChunkedBody

MAX_OBJECT_BYTES = 5 * 2**30
"""The most bytes that one request may have: https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html."""
MAX_LENGTH_DIGITS = 20
"""The most digits of a length in a header: Python does not convert thousands of them."""
STREAMING = "STREAMING-"
CHECKSUM_PREFIX = "x-amz-checksum-"
DEFAULT_CHECKSUM = "CRC64NVME"
"""The check that S3 adds itself if the caller sends none."""

EntityTooLarge = service_error("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
IncompleteBody = service_error(
    "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header"
)
InvalidDigest = service_error("InvalidDigest", "The Content-MD5 you specified was invalid.")
MalformedTrailer = service_error(
    "MalformedTrailerError", "The request contained trailing data that was not well-formed: {} is missing."
)
BadDigest = service_error("BadDigest", "The {} you specified did not match the calculated checksum.")


class ContentHashMismatch(
    ServiceError,
    code="XAmzContentSHA256Mismatch",
    template="The provided 'x-amz-content-sha256' header does not match what was computed.",
):
    """The body is not the one that was signed."""


class Checksum(Protocol):
    """A hash or a cyclic check that is continued with each piece."""

    def update(self, data: bytes, /) -> object:
        """Continue with more data."""

    def digest(self) -> bytes:
        """Return the result so far."""


@dataclass(slots=True)
class _CrcChecksum:
    _update: Update
    _width: int = 32
    _value: int = 0

    def update(self, data: bytes) -> None:
        self._value = self._update(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._width // 8, "big")


CHECKSUMS: Mapping[str, Callable[[], Checksum]] = {
    "CRC32": lambda: _CrcChecksum(zlib.crc32),
    "CRC32C": lambda: _CrcChecksum(crc32c().update),
    "CRC64NVME": lambda: _CrcChecksum(crc64nvme().update, 64),
    "SHA1": lambda: hashlib.sha1(usedforsecurity=False),
    "SHA256": hashlib.sha256,
    "SHA512": hashlib.sha512,
    "MD5": lambda: hashlib.md5(usedforsecurity=False),
}
"""The checksums by S3's names of their algorithms."""


def check_body(http: HttpRequest) -> None:
    """Compare the body of another request to S3, which is in memory, with the hashes in its head. Raises AwsError."""
    claimed = sigv4.content_hash(http)
    if claimed != sigv4.UNSIGNED_PAYLOAD and hashlib.sha256(http.body).hexdigest() != claimed:
        raise ContentHashMismatch
    if b"content-md5" not in http.headers and b"x-amz-sdk-checksum-algorithm" not in http.headers:
        return  # another check is that of the object which the request completes
    for name, expected in _expected_checksums(http.headers).items():
        check = CHECKSUMS[name]()
        check.update(http.body)
        _compare(name, expected, check.digest())


class ObjectUpload:
    """The body of one request, while it arrives."""

    def __init__(self, http: HttpRequest, path: Path, secret: str | None) -> None:
        """Begin a file for a body; with a secret, the signatures of chunks are verified. Raises AwsError."""
        self._headers = http.headers
        self._path = path
        self._claimed = sigv4.content_hash(http)
        self._chunks: ChunkedBody | None = None
        if self._claimed.startswith(STREAMING):
            self._chunks = _chunked_body(http, self._claimed, secret)
        self._size = 0
        self._expected_size = _expected_size(http, chunked=self._chunks is not None)
        self._algorithm = _checksum_algorithm(http.headers)
        names = {"MD5", self._algorithm, *_expected_checksums(http.headers)}
        self._checksums = {name: CHECKSUMS[name]() for name in names}
        has_hash = self._chunks is None and self._claimed != sigv4.UNSIGNED_PAYLOAD
        self._hash = hashlib.sha256() if has_hash else None
        self._file = create_file(path)

    def write(self, data: bytes) -> None:
        """Write the next bytes of the body; any thread may call this. Raises AwsError."""
        for part in (data,) if self._chunks is None else self._chunks.feed(data):
            self._size += len(part)
            if self._size > MAX_OBJECT_BYTES:
                raise EntityTooLarge
            for check in self._checksums.values():
                check.update(part)
            if self._hash is not None:
                self._hash.update(part)
            _write_all(self._file, part)

    def finish(self) -> ReceivedFile:
        """Return the complete file. Raises AwsError if it is not what the caller sent."""
        self._file.close()
        expected = dict(_expected_checksums(self._headers))
        if self._chunks is not None:
            self._chunks.finish()
            if missing := _announced_trailers(self._headers) - self._chunks.trailers.keys():
                raise MalformedTrailer(", ".join(sorted(missing)))
            expected.update(_checksums_in(self._chunks.trailers))
        if self._expected_size not in (None, self._size):
            raise IncompleteBody
        if self._hash is not None and self._hash.hexdigest() != self._claimed:
            raise ContentHashMismatch
        for name, value in expected.items():
            if name in self._checksums:
                _compare(name, value, self._checksums[name].digest())
        digests = {name: check.digest() for name, check in self._checksums.items()}
        return ReceivedFile(self._path, self._size, digests)

    def discard(self) -> None:
        """Close and delete the file."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def _write_all(file: RawIOBase, data: bytes) -> None:
    """Write all bytes: a disk that becomes full takes the first ones without an error."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) or 0 :]


def _chunked_body(http: HttpRequest, claimed: str, secret: str | None) -> ChunkedBody:
    is_signed = claimed.startswith(f"{STREAMING}AWS4-HMAC-SHA256")
    given = sigv4.read_signature(http) if is_signed else None
    sign = partial(sigv4.sign_chunk, given, secret) if given is not None and secret is not None else None
    return ChunkedBody(sign, given.signature if given else "", has_trailer=claimed.endswith("-TRAILER"))


def _expected_size(http: HttpRequest, *, chunked: bool) -> int | None:
    text = http.headers.get(b"x-amz-decoded-content-length" if chunked else b"content-length")
    if text is None:
        return None
    if not text.isdigit():
        raise IncompleteBody
    if len(text) > MAX_LENGTH_DIGITS or int(text) > MAX_OBJECT_BYTES:
        raise EntityTooLarge
    return int(text)


def _checksum_algorithm(headers: Mapping[bytes, bytes]) -> str:
    """Return the algorithm of the check that the caller sends or asks for."""
    named = headers.get(b"x-amz-sdk-checksum-algorithm", b"").decode("latin-1").upper()
    trailers = sorted(_announced_trailers(headers))
    sent = [name.decode("latin-1") for name in headers if name.startswith(CHECKSUM_PREFIX.encode())]
    found = [name.removeprefix(CHECKSUM_PREFIX).upper() for name in (*sent, *trailers)]
    chosen = [name for name in (*found, named) if name in CHECKSUMS]
    return chosen[0] if chosen else DEFAULT_CHECKSUM


def _announced_trailers(headers: Mapping[bytes, bytes]) -> set[str]:
    """Return the names of the trailers that the head of a request promises."""
    names = headers.get(b"x-amz-trailer", b"").decode("latin-1").lower().split(",")
    return {name.strip() for name in names} - {""}


def _expected_checksums(headers: Mapping[bytes, bytes]) -> dict[str, bytes]:
    """Return the checksums in the head of a request."""
    found = _checksums_in({name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()})
    if b"content-md5" in headers:
        try:
            found["MD5"] = b64decode(headers[b"content-md5"], validate=True)
        except ValueError:
            raise InvalidDigest from None
        if len(found["MD5"]) != 16:
            raise InvalidDigest
    return found


def _checksums_in(headers: Mapping[str, str]) -> dict[str, bytes]:
    found = {}
    for name, text in headers.items():
        algorithm = name.removeprefix(CHECKSUM_PREFIX).upper()
        if name.startswith(CHECKSUM_PREFIX) and algorithm in CHECKSUMS:
            try:
                found[algorithm] = b64decode(text, validate=True)
            except ValueError:
                found[algorithm] = b""
            if len(found[algorithm]) != len(CHECKSUMS[algorithm]().digest()):
                raise AwsError(f"Value for {name} header is invalid.", code="InvalidRequest")
    return found


def _compare(name: str, expected: bytes, found: bytes) -> None:
    if expected != found:
        raise BadDigest("Content-MD5" if name == "MD5" else name)
