"""Ports for engines that have to come back where they were: nobody else is given them meanwhile."""

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

PORTS = range(21_000, 22_000)
"""Below those that systems give to connections that go out."""


@contextmanager
def claimed_port() -> Iterator[int]:
    """A port that no other test is given, and no connection that goes out."""
    for port in PORTS:
        with Path(tempfile.gettempdir(), f"lamplighter-test-port-{port}-{os.getuid()}").open("w") as claim:
            if is_claimed(claim) and is_free(port):
                yield port
                return
    raise AssertionError("every port of the tests is taken")


def is_claimed(claim: TextIO) -> bool:
    """Claim what a file stands for, until the file is closed."""
    with suppress(BlockingIOError):
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def is_free(port: int) -> bool:
    """Whether a server could listen there."""
    with socket.socket() as found, suppress(OSError):
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(("127.0.0.1", port))
        return True
    return False
