"""The decoder of `aws-chunked` refuses bodies that lie about their chunks, and ends for each of them."""

from hashlib import sha256

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.wire.protocols.aws_chunked import ChunkedBody


def decode(body: bytes) -> bytes:
    """Return the content of a body without signatures."""
    chunks = ChunkedBody(None, "", has_trailer=False)
    content = b"".join(chunks.feed(body))
    chunks.finish()
    return content


def test_chunks_are_joined() -> None:
    """The chunks of a body are one content."""
    assert decode(b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n") == b"abc0123456789"


@pytest.mark.parametrize("size", [b"-5", b"+3", b"0x3", b"1_0", b"", b"f" * 17, "\u0663".encode()])
def test_the_size_of_a_chunk_is_a_hexadecimal_number(size: bytes) -> None:
    """What only Python takes as a number is refused: a negative size would never end."""
    with pytest.raises(AwsError) as error:
        next(ChunkedBody(None, "", has_trailer=False).feed(size + b"\r\nabcdefghij\r\n0\r\n\r\n"))
    assert error.value.code == "IncompleteBody"


def sign(kind: str, previous: str, digest: str) -> str:
    """Sign as a test does."""
    return f"{kind}-{previous}-{digest[:4]}"


@pytest.mark.parametrize(
    "trailers",
    [
        "x-amz-checksum-crc32:x-amz-trailer-signature\r\n",
        "x-amz-trailer-signature:{}\r\nx-amz-checksum-crc32:later\r\n",
    ],
)
def test_trailers_that_the_signature_does_not_cover_are_refused(trailers: str) -> None:
    """Neither a value that looks like the signature, nor a trailer behind it, passes."""
    empty = sha256(b"").hexdigest()
    last = sign("PAYLOAD", "seed", empty)
    chunks = ChunkedBody(sign, "seed", has_trailer=True)
    signed = trailers.format(sign("TRAILER", last, empty))
    assert list(chunks.feed(f"0;chunk-signature={last}\r\n{signed}\r\n".encode())) == []
    with pytest.raises(AwsError):
        chunks.finish()
