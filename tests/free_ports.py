"""Ports for engines that are started again on the same port: no other test uses such a port meanwhile."""

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

PORTS = range(21_000, 22_000)
"""These ports are below those that systems use for outgoing connections."""


@contextmanager
def claimed_port() -> Iterator[int]:
    """Yield a port that no other test and no outgoing connection uses."""
    for port in PORTS:
        with Path(tempfile.gettempdir(), f"lamplighter-test-port-{port}-{os.getuid()}").open("w") as claim:
            if lock_claim(claim) and can_listen(port):
                yield port
                return
    raise AssertionError("every port of the tests is taken")


def lock_claim(claim: TextIO) -> bool:
    """Lock a claim file until it is closed; return whether this succeeded."""
    with suppress(BlockingIOError):
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def can_listen(port: int) -> bool:
    """Return whether a server can listen on this port."""
    with socket.socket() as server, suppress(OSError):
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        return True
    return False
