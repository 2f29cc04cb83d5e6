"""Compressed requests are decompressed, and never become larger than a request may be."""

import gzip

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.protocols.compression import decompress

MAX_BYTES = 1000


def request(body: bytes, encoding: bytes | None = b"gzip") -> HttpRequest:
    headers = {} if encoding is None else {b"content-encoding": encoding}
    return HttpRequest("POST", b"/", b"", headers, body)


@pytest.mark.parametrize("encoding", [b"gzip", b" GZIP "])
def test_a_compressed_body_is_decompressed(encoding: bytes) -> None:
    assert decompress(request(gzip.compress(b"{}"), encoding), MAX_BYTES).body == b"{}"


def test_a_body_of_several_gzip_members_is_read_whole() -> None:
    body = gzip.compress(b'{"a":') + gzip.compress(b"") + gzip.compress(b"1}")
    assert decompress(request(body), MAX_BYTES).body == b'{"a":1}'


@pytest.mark.parametrize("encoding", [None, b"", b"identity"])
def test_any_other_body_is_unchanged(encoding: bytes | None) -> None:
    assert decompress(request(b"{}", encoding), MAX_BYTES).body == b"{}"


@pytest.mark.parametrize(
    ("body", "encoding", "code"),
    [
        (b"{}", b"gzip", "SerializationException"),
        (gzip.compress(b"{}")[:-4], b"gzip", "SerializationException"),
        (b"{}", b"br", "SerializationException"),
        (gzip.compress(bytes(10_000_000)), b"gzip", "RequestEntityTooLargeException"),
        (gzip.compress(b"{}") + b"garbage", b"gzip", "SerializationException"),
        (gzip.compress(bytes(MAX_BYTES)) + gzip.compress(b"x"), b"gzip", "RequestEntityTooLargeException"),
        (b"", b"gzip", "SerializationException"),
    ],
    ids=["not gzip", "truncated", "another encoding", "too large", "trailing garbage", "too large together", "empty"],
)
def test_an_invalid_body_or_one_that_becomes_too_large_is_rejected(body: bytes, encoding: bytes, code: str) -> None:
    with pytest.raises(AwsError) as error:
        decompress(request(body, encoding), MAX_BYTES)
    assert error.value.code == code


def test_a_body_of_exactly_the_maximum_size_is_decompressed() -> None:
    assert len(decompress(request(gzip.compress(bytes(MAX_BYTES))), MAX_BYTES).body) == MAX_BYTES
