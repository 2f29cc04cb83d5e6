"""Open the port of an engine; this happens first, so that no other work is wasted if the port is not available."""

import errno
import os
import socket

from lamplighter.base.errors import LamplighterError

ADDRESS_HINT = "127.0.0.1 is this machine only, 0.0.0.0 every network"
LISTEN_ERRORS = {
    errno.EADDRINUSE: "address already in use, perhaps by another engine: use --port with another port, or 0 for any",
    errno.EADDRNOTAVAIL: f"this machine has no such address: use another --host; {ADDRESS_HINT}",
    errno.EACCES: "you may not use this port; ports below 1024 are reserved: use --port with a higher one",
}
"""Explanations of the operating system's errors, with advice."""


class CannotListen(LamplighterError):
    """The address is in use, or does not belong to this machine."""


def listen(host: str, port: int) -> socket.socket:
    """Open a port and return its socket; raise `CannotListen`."""
    if not host:
        raise CannotListen(f"--host needs an address: {ADDRESS_HINT}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        number = error.errno or 0
        if number < 0:  # an error of the name lookup, which does not have its own type here
            raise CannotListen(f"cannot listen on {host}: no such address or host is known; {ADDRESS_HINT}") from None
        reason = LISTEN_ERRORS.get(number) or (os.strerror(number).lower() if number else str(error))
        raise CannotListen(f"cannot listen on {host}, port {port}: {reason}") from None


def listener_url(listener: socket.socket) -> str:
    """Return the URL of an open port."""
    address, port = listener.getsockname()[:2]
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def local_url(listener: socket.socket) -> str:
    """Return the URL at which this machine's programs reach a port, even if it is open on all addresses."""
    return listener_url(listener).replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
