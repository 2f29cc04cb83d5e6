"""Messages on a stream: eight bytes that say how long it is, then the message as pickle.

Both ends are ours; a process of its own holds nothing that a message from it could not do anyway.
"""

import pickle
import struct
from typing import Any, BinaryIO

LENGTH = struct.Struct(">Q")


def pack(message: Any) -> bytes:
    """Return a message with its length before it."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def unpack(body: bytes) -> Any:
    """Return the message that follows its length."""
    return pickle.loads(body)  # noqa: S301 - see above


def send(stream: BinaryIO, message: Any) -> None:
    """Write one message."""
    stream.write(pack(message))
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read one message; raises EOFError where there are no more."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    return unpack(stream.read(LENGTH.unpack(head)[0]))
