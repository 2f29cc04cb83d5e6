"""Which types of checksums the object of a multipart upload can have.

See https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html.
"""

from collections.abc import Mapping, Sequence

COMPOSITE, FULL = "COMPOSITE", "FULL_OBJECT"
CHECKSUM_TYPES: Mapping[str, Sequence[str]] = {
    "CRC32": (COMPOSITE, FULL),
    "CRC32C": (COMPOSITE, FULL),
    "CRC64NVME": (FULL,),
    "SHA1": (COMPOSITE,),
    "SHA256": (COMPOSITE,),
}
"""The types of a check that an upload can have, the default one first."""
