"""Bodies of requests and answers that are in files, because they may be larger than memory."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

CHUNK_BYTES = 2**18
"""The most bytes that are read at once."""


@dataclass(slots=True)
class FileBody:
    """A part of an open file, which can be read even if the file is deleted meanwhile."""

    descriptor: int
    offset: int
    size: int
    """Bytes from the offset on."""

    @classmethod
    def open(cls, path: Path, offset: int, size: int) -> "FileBody":
        """Open a file; the caller closes the body."""
        return cls(os.open(path, os.O_RDONLY | os.O_CLOEXEC), offset, size)

    def read(self) -> bytes:
        """Return the whole body and close it."""
        return b"".join(self.iter_chunks(CHUNK_BYTES))

    def read_chunk(self, size: int = CHUNK_BYTES) -> bytes:
        """Return the next bytes; none at the end. Raises OSError if the file is shorter than the body."""
        chunk = os.pread(self.descriptor, min(size, self.size), self.offset)
        if self.size and not chunk:
            raise OSError("the file of an object is shorter than the object")
        self.offset, self.size = self.offset + len(chunk), self.size - len(chunk)
        return chunk

    def iter_chunks(self, size: int = CHUNK_BYTES) -> Iterator[bytes]:
        """Yield the body piece by piece and close it, as the streams of botocore do."""
        try:
            while self.size:
                yield self.read_chunk(size)
        finally:
            self.close()

    def close(self) -> None:
        """Close the file."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """The body of a request as a complete file, not yet synced, and what was computed while it arrived."""

    path: Path
    size: int
    digests: Mapping[str, bytes]
    """MD5 and CRC64NVME of the body, and the check that the caller asked for, by the names of S3's algorithms."""

    def discard(self) -> None:
        """Delete the file, unless it was moved to another place."""
        with suppress(FileNotFoundError):
            self.path.unlink()
