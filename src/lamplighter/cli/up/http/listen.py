"""The port of an engine: taken before anything else is done, so that nobody works for nothing."""

import errno
import os
import socket

from lamplighter.base.errors import LamplighterError

HERE = "127.0.0.1 is this machine only, 0.0.0.0 every network"
WHY = {
    errno.EADDRINUSE: "address already in use, perhaps by another engine: say --port with another one, or 0 for any",
    errno.EADDRNOTAVAIL: f"this machine has no such address: say another --host; {HERE}",
    errno.EACCES: "not allowed to you, as ports below 1024 are for the system: say --port with a higher one",
}
"""What an operating system's refusal means here, and what to do."""


class CannotListen(LamplighterError):
    """The address is taken, or not ours."""


def listen(host: str, port: int) -> socket.socket:
    """Take a port; raises CannotListen."""
    if not host:
        raise CannotListen(f"--host needs an address: {HERE}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        number = error.errno or 0
        if number < 0:  # a fault of looking the name up, which comes without its type
            raise CannotListen(f"cannot listen on {host}: no such address or host is known; {HERE}") from None
        why = WHY.get(number) or (os.strerror(number).lower() if number else str(error))
        raise CannotListen(f"cannot listen on {host}, port {port}: {why}") from None


def url_of(listener: socket.socket) -> str:
    """The URL of a port, as it was taken."""
    address, port = listener.getsockname()[:2]
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def local_url(listener: socket.socket) -> str:
    """Where callers on this machine reach it, which listens on one address or on all."""
    return url_of(listener).replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
