"""A link to Docker that a test can cut under a running engine, as a restart of the daemon does, and restore."""

import os
import socket
import threading
from contextlib import suppress
from pathlib import Path

DOCKER = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")


class DockerLink:
    """A socket that forwards connections to Docker's socket until it is cut."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        """Held while the link is cut, and while a connection is added."""
        self._listener: socket.socket | None = None
        self.address = f"unix://{path}"

    def restore(self) -> None:
        """Accept and forward connections."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen(128)
        threading.Thread(target=self._accept_connections, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Close all connections and accept no new ones."""
        if self._listener is None:
            return
        self._path.unlink()
        with self._lock:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
            for each in list(self._sockets):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def _accept_connections(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                caller, _ = listener.accept()
                docker = socket.socket(socket.AF_UNIX)
                docker.connect(DOCKER)
                with self._lock:
                    if listener is not self._listener:  # it was cut meanwhile
                        caller.close()
                        docker.close()
                        return
                    self._sockets |= {caller, docker}
                for source, target in ((caller, docker), (docker, caller)):
                    threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                target.sendall(chunk)
            target.shutdown(socket.SHUT_WR)
        if source.fileno() >= 0 and self._is_second_to_end(source, target):
            source.close()
            target.close()

    def _is_second_to_end(self, source: socket.socket, target: socket.socket) -> bool:
        """Return whether the other direction has ended, too; the second direction to end closes both sockets."""
        over = source not in self._sockets
        self._sockets -= {source, target}
        return over
