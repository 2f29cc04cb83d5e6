"""Compute the checksum of the object that a multipart upload makes.

A composite checksum is that of the parts' checksums. One of the full object is combined from those of the parts. All
parts are read only if one of them has no checksum of this algorithm. See
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence

from lamplighter.base.crc import CRC32, CRC32C, CRC64NVME, Polynomial, combine
from lamplighter.services.s3.object_files import COPY_BYTES, ObjectFiles
from lamplighter.services.s3.tables.uploads import Part, Upload
from lamplighter.services.s3.uploads.checksum_types import COMPOSITE
from lamplighter.wire.object_upload import CHECKSUMS

POLYNOMIALS: Mapping[str, Polynomial] = {"CRC32": CRC32, "CRC32C": CRC32C, "CRC64NVME": CRC64NVME}


def object_checksum(files: ObjectFiles, upload: Upload, parts: Sequence[Part]) -> dict[str, str]:
    """Return the checksum of the whole object, by the name of its algorithm."""
    algorithm = upload.properties["Algorithm"]
    if upload.properties["ChecksumType"] == COMPOSITE:
        return {algorithm: _composite(algorithm, parts)}
    if all(algorithm in part.checksums for part in parts):
        return {algorithm: _combined(algorithm, parts)}
    return {algorithm: file_checksum(files, algorithm, ((part.file, part.size) for part in parts))}


def _composite(algorithm: str, parts: Sequence[Part]) -> str:
    checksum = CHECKSUMS[algorithm]()
    checksum.update(b"".join(b64decode(part.checksums[algorithm]) for part in parts))
    return f"{b64encode(checksum.digest()).decode()}-{len(parts)}"


def _combined(algorithm: str, parts: Sequence[Part]) -> str:
    polynomial, value = POLYNOMIALS[algorithm], 0
    for part in parts:
        second = int.from_bytes(b64decode(part.checksums[algorithm]), "big")
        value = combine(polynomial, value, second, part.size)
    return b64encode(value.to_bytes(polynomial.width // 8, "big")).decode()


def file_checksum(files: ObjectFiles, algorithm: str, contents: Iterable[tuple[str, int]]) -> str:
    """Return the checksum of files that follow each other, given with their sizes."""
    checksum = CHECKSUMS[algorithm]()
    for name, size in contents:
        for piece in files.open(name, 0, size).iter_chunks(COPY_BYTES):
            checksum.update(piece)
    return b64encode(checksum.digest()).decode()
