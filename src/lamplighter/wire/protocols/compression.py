"""Decompress request bodies: SDKs may send gzip, as boto3 does for PutMetricData bodies of 10 KB or more.

The signature covers the compressed body, so the caller verifies it first. Guarantees that no body grows beyond
`max_bytes` bytes, however well it is compressed. Accepts several gzip members, and rejects anything else after a
member. See https://docs.aws.amazon.com/sdkref/latest/guide/feature-compression.html and
https://smithy.io/2.0/spec/behavior-traits.html#requestcompression-trait.
"""

from dataclasses import replace

from lamplighter.base.errors import AwsError
from lamplighter.base.gzip_members import GzipError, decompress_members
from lamplighter.wire.http import HttpRequest


def is_compressed(http: HttpRequest) -> bool:
    """Return whether a request has a Content-Encoding header."""
    return b"content-encoding" in http.headers


def decompress(http: HttpRequest, max_bytes: int) -> HttpRequest:
    """Return the request with its body decompressed. Raises AwsError."""
    encoding = http.headers.get(b"content-encoding", b"").strip().lower()
    if encoding in (b"", b"identity"):
        return http
    if encoding != b"gzip":
        text = f"The content encoding {encoding.decode('latin-1')} is not supported; use gzip or none."
        raise AwsError(text, code="SerializationException")
    return replace(http, body=_decompress_body(http.body, max_bytes))


def _decompress_body(body: bytes, max_bytes: int) -> bytes:
    content = bytearray()
    try:
        for piece in decompress_members((body,), max_bytes + 1):
            content += piece
            if len(content) > max_bytes:
                text = f"a request may have at most {max_bytes} bytes"
                raise AwsError(text, code="RequestEntityTooLargeException", status=413)
    except GzipError as error:
        raise AwsError(f"The request body is not gzip: {error}", code="SerializationException") from None
    return bytes(content)
