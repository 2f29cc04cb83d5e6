"""The decoder of `aws-chunked` refuses bodies that lie about their chunks, and ends for each of them."""

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
