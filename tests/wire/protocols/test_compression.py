"""Compressed requests are read as what they were, and none becomes larger than a request may be."""

import gzip

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.protocols.compression import decompress

MOST = 1000


def request(body: bytes, encoding: bytes | None = b"gzip") -> HttpRequest:
    headers = {} if encoding is None else {b"content-encoding": encoding}
    return HttpRequest("POST", b"/", b"", headers, body)


@pytest.mark.parametrize("encoding", [b"gzip", b" GZIP "])
def test_a_compressed_body_is_read(encoding: bytes) -> None:
    assert decompress(request(gzip.compress(b"{}"), encoding), MOST).body == b"{}"


def test_a_body_of_several_gzip_members_is_read_whole() -> None:
    body = gzip.compress(b'{"a":') + gzip.compress(b"") + gzip.compress(b"1}")
    assert decompress(request(body), MOST).body == b'{"a":1}'


@pytest.mark.parametrize("encoding", [None, b"", b"identity"])
def test_any_other_body_stays_as_it_is(encoding: bytes | None) -> None:
    assert decompress(request(b"{}", encoding), MOST).body == b"{}"


@pytest.mark.parametrize(
    ("body", "encoding", "code"),
    [
        (b"{}", b"gzip", "SerializationException"),
        (gzip.compress(b"{}")[:-4], b"gzip", "SerializationException"),
        (b"{}", b"br", "SerializationException"),
        (gzip.compress(bytes(10_000_000)), b"gzip", "RequestEntityTooLargeException"),
        (gzip.compress(b"{}") + b"garbage", b"gzip", "SerializationException"),
        (gzip.compress(bytes(MOST)) + gzip.compress(b"x"), b"gzip", "RequestEntityTooLargeException"),
        (b"", b"gzip", "SerializationException"),
    ],
    ids=["not packed", "cut off", "another encoding", "too large", "trailing garbage", "too large together", "empty"],
)
def test_what_cannot_be_read_or_becomes_too_large_is_refused(body: bytes, encoding: bytes, code: str) -> None:
    with pytest.raises(AwsError) as refused:
        decompress(request(body, encoding), MOST)
    assert refused.value.code == code


def test_a_body_of_just_the_largest_size_is_read() -> None:
    assert len(decompress(request(gzip.compress(bytes(MOST))), MOST).body) == MOST
