"""A line to Docker that a test can cut under a running engine, as a daemon's restart does, and mend."""

import os
import socket
import threading
from contextlib import suppress
from pathlib import Path

DOCKER = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")


class Line:
    """A socket that leads to Docker's, while it is whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ends: set[socket.socket] = set()
        self._cutting = threading.Lock()
        """Held by who cuts, and by who lets a call through."""
        self._listener: socket.socket | None = None
        self.address = f"unix://{path}"

    def mend(self) -> None:
        """Let calls through."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen(128)
        threading.Thread(target=self._answer, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Break off all calls, and answer none."""
        if self._listener is None:
            return
        self._path.unlink()
        with self._cutting:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
            for end in list(self._ends):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _answer(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                caller, _ = listener.accept()
                docker = socket.socket(socket.AF_UNIX)
                docker.connect(DOCKER)
                with self._cutting:
                    if listener is not self._listener:  # it was cut meanwhile
                        caller.close()
                        docker.close()
                        return
                    self._ends |= {caller, docker}
                for source, target in ((caller, docker), (docker, caller)):
                    threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                target.sendall(chunk)
            target.shutdown(socket.SHUT_WR)
        if source.fileno() >= 0 and self._is_over(source, target):
            source.close()
            target.close()

    def _is_over(self, source: socket.socket, target: socket.socket) -> bool:
        """Whether the other direction has ended too: the second of the two to end closes both."""
        over = source not in self._ends
        self._ends -= {source, target}
        return over
