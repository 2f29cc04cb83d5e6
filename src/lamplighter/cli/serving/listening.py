"""The port of an engine: taken before anything else is done, so that nobody works for nothing."""

import os
import socket

from lamplighter.base.errors import LamplighterError


class CannotListen(LamplighterError):
    """The address is taken, or not ours."""


def listen(host: str, port: int) -> socket.socket:
    """Take a port; raises CannotListen."""
    if not host:
        raise CannotListen("--host needs an address: 127.0.0.1 for this machine only, 0.0.0.0 for every network")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except socket.gaierror:
        raise CannotListen(f"cannot listen on {host}: no such host is known") from None
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        raise CannotListen(f"cannot listen on {host}, port {port}: {why}") from None


def url_of(listener: socket.socket) -> str:
    """The URL of a port, as it was taken."""
    address, port = listener.getsockname()[:2]
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def reached(listener: socket.socket) -> str:
    """Where callers on this machine reach it, which listens on one address or on all."""
    return url_of(listener).replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
