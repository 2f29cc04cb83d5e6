"""Decompress gzip data piece by piece.

Guarantees the content of all members ("A gzip file consists of a series of members"), in pieces that the caller limits.
No piece is empty, because readers of streams take an empty piece for the end. Rejects data that is damaged or cut off,
and anything else after a member. See https://www.rfc-editor.org/rfc/rfc1952#section-2.2.
"""

import zlib
from collections.abc import Iterable, Iterator

GZIP_WINDOW_BITS = 31
"""zlib's window size value for the gzip format with header and checksum."""
STEP_BYTES = 8192
"""The most bytes that are passed to zlib in one call. zlib copies what follows a member, so many small members in a
large piece would cost quadratic time."""


class GzipError(ValueError):
    """The error that data is not gzip; str() states the reason."""


def decompress_members(pieces: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Yield the content of gzip data in pieces of at most `most` bytes. Raises GzipError."""
    stream = zlib.decompressobj(GZIP_WINDOW_BITS)
    try:
        for step in _steps(pieces):
            left = step
            while left:
                if stream.eof:
                    stream = zlib.decompressobj(GZIP_WINDOW_BITS)
                if content := stream.decompress(left, most):
                    yield content
                left = stream.unused_data if stream.eof else stream.unconsumed_tail
    except zlib.error as error:
        raise GzipError(str(error)) from None
    if not stream.eof:
        raise GzipError("it is cut off")


def _steps(pieces: Iterable[bytes]) -> Iterator[bytes]:
    return (piece[at : at + STEP_BYTES] for piece in pieces for at in range(0, len(piece), STEP_BYTES))
