"""Compute the MD5 digests with which clients check that SQS received what they sent.

Guarantees the digest of attributes that AWS documents under "Calculating the MD5 message digest for message
attributes":
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html.
"""

import hashlib
import struct
from collections.abc import Mapping

from lamplighter.base.json_text import Json

TEXT, BINARY = b"\x01", b"\x02"


def digest_of_text(text: str) -> str:
    """Return the digest of a message body."""
    return _md5(text.encode())


def digest_of_attributes(attributes: Mapping[str, Json]) -> str:
    """Return the digest of message attributes, which are in the API's form."""
    return _md5(b"".join(_encode(name, attributes[name]) for name in sorted(attributes)))


def _encode(name: str, value: Json) -> bytes:
    kind = value["DataType"]
    binary = kind.partition(".")[0] == "Binary"
    content = value["BinaryValue"] if binary else value["StringValue"].encode()
    names = _with_length(name.encode()) + _with_length(kind.encode())
    return names + (BINARY if binary else TEXT) + _with_length(content)


def _with_length(data: bytes) -> bytes:
    # AWS: "Encode the length (4 bytes) and the UTF-8 bytes" of each value.
    return struct.pack(">I", len(data)) + data


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
