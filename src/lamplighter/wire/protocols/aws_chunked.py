"""Decode bodies in the content encoding `aws-chunked`, in which SDKs send objects while they compute their signature.

A chunk is `size;chunk-signature=…`, CRLF, that many bytes, CRLF; the last has size 0, and trailers may follow it.
Guarantees that bytes of a chunk are passed on as they arrive, and that a broken or cut body is an error. If the caller
gives a function that signs, each signature of a chunk and of the trailers is verified. See
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator

from lamplighter.base.errors import AwsError

MAX_LINE_BYTES = 4_096
MAX_TRAILER_BYTES = 16_384
_SIZE = re.compile("[0-9A-Fa-f]{1,16}")

Sign = Callable[[str, str, str], str]
"""A function that signs a chunk: the algorithm's suffix, the previous signature, the SHA-256 of the chunk."""


def signature_mismatch() -> AwsError:
    """Return S3's error for a wrong signature."""
    return AwsError(
        "The request signature we calculated does not match the signature you provided. Check your key and signing "
        "method.",
        code="SignatureDoesNotMatch",
        status=403,
    )


class ChunkedBody:
    """A decoder of one body. Feed it the bytes as they arrive, then call `finish`."""

    def __init__(self, sign: Sign | None, seed: str, *, has_trailer: bool) -> None:
        """Begin a body; `seed` is the signature of the request's head."""
        self.trailers: dict[str, str] = {}
        self._sign = sign
        self._previous = seed
        self._has_trailer = has_trailer
        self._waiting = bytearray()
        self._left = 0
        """The bytes of the present chunk that have not arrived."""
        self._claimed = ""
        self._digest = hashlib.sha256()
        self._state = "size"

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the content in these bytes. Raises AwsError."""
        self._waiting += data
        while True:
            if self._state == "data":
                if not self._waiting:
                    return
                part = bytes(self._waiting[: self._left])
                del self._waiting[: len(part)]
                self._left -= len(part)
                if self._sign is not None:
                    self._digest.update(part)
                yield part
                if not self._left:
                    self._verify_chunk()
                    self._state = "end"
            elif self._state == "trailer":
                if len(self._waiting) > MAX_TRAILER_BYTES:
                    raise _incomplete("The trailers are too long.")
                return
            elif not self._read_line():
                return

    def _read_line(self) -> bool:
        """Read the line before or after a chunk; return False if it has not arrived."""
        end = self._waiting.find(b"\r\n")
        if end < 0:
            if len(self._waiting) > MAX_LINE_BYTES:
                raise _incomplete("A chunk has no valid size.")
            return False
        line = bytes(self._waiting[:end]).decode("latin-1")
        del self._waiting[: end + 2]
        if self._state == "end":
            if line:
                raise _incomplete("A chunk is longer than its size.")
            self._state = "size"
            return True
        size, _, extension = line.partition(";")
        if _SIZE.fullmatch(size.strip()) is None:
            raise _incomplete("A chunk has no valid size.")
        self._left = int(size, 16)
        self._claimed = extension.partition("chunk-signature=")[2].strip()
        self._digest = hashlib.sha256()
        if self._left == 0:
            self._verify_chunk()
        self._state = "data" if self._left else "trailer"
        return True

    def _verify_chunk(self) -> None:
        if self._sign is not None:
            self._verify("PAYLOAD", self._digest.hexdigest(), self._claimed)

    def _verify(self, kind: str, digest: str, claimed: str) -> None:
        assert self._sign is not None
        expected = self._sign(kind, self._previous, digest)
        if not hmac.compare_digest(expected.encode(), claimed.encode()):
            raise signature_mismatch()
        self._previous = expected

    def finish(self) -> None:
        """Read the trailers. Raises AwsError if the body is not complete."""
        if self._state != "trailer":
            raise _incomplete("The request body terminated unexpectedly")
        signed, signature = b"", None
        for line in bytes(self._waiting).split(b"\r\n"):
            name, _, value = line.decode("latin-1").partition(":")
            name, value = name.strip().lower(), value.strip()
            if name == "x-amz-trailer-signature":
                signature = value
            elif name:
                self.trailers[name] = value
                signed += f"{name}:{value}\n".encode()
        if self._sign is None:
            return
        if signature is not None:
            self._verify("TRAILER", hashlib.sha256(signed).hexdigest(), signature)
        elif self._has_trailer or signed:
            raise _incomplete("The trailers are not signed.")


def _incomplete(message: str) -> AwsError:
    return AwsError(message, code="IncompleteBody")
