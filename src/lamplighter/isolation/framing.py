"""Send and receive messages on a stream: eight bytes with the message's length, then the message as pickle.

Pickle is acceptable because only an engine and its worker processes, which run the same code, use these streams.
"""

import pickle
import struct
from typing import Any, BinaryIO

LENGTH = struct.Struct(">Q")


def pack(message: Any) -> bytes:
    """Return a message with its length in front."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def unpack(body: bytes) -> Any:
    """Return the message that `pack` encoded; `body` has no length in front."""
    return pickle.loads(body)  # noqa: S301 - see above


def send(stream: BinaryIO, message: Any) -> None:
    """Write one message."""
    stream.write(pack(message))
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read one message. Raises `EOFError` if the stream has ended."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    return unpack(stream.read(LENGTH.unpack(head)[0]))
