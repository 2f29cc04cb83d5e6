"""The socket on which systemd receives the messages of a service."""

import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.served_engine import eventually

SECONDS = 120


class NotifySocket:
    """A datagram socket; `address` is what the service finds in NOTIFY_SOCKET."""

    def __init__(self, folder: Path, *, abstract: bool = False) -> None:
        self.address = f"@lamplighter-test-{uuid.uuid4()}" if abstract else str(folder / "notify")
        self.messages: list[str] = []
        """What `reading` has read."""
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"\0{self.address[1:]}" if abstract else self.address)
        self._found = 0
        """The number of messages up to the last one that `wait_for` returned."""

    def receive(self, seconds: float = SECONDS) -> str:
        """Wait for one message. Raises TimeoutError."""
        self.socket.settimeout(seconds)
        return self.socket.recv(4096).decode()

    def drain(self) -> None:
        """Drop the messages that have already arrived."""
        self.socket.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                self.socket.recv(4096)

    def fill(self) -> None:
        """Send messages until the socket takes no more; nobody may read it meanwhile."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, suppress(BlockingIOError):
            sender.setblocking(False)
            while True:
                sender.sendto(b"full", self.socket.getsockname())

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read all messages as they arrive, as systemd does: the kernel drops those for a socket that holds eleven."""
        self.socket.setblocking(True)
        reader = threading.Thread(target=self._read)
        reader.start()
        try:
            yield
        finally:
            self.socket.shutdown(socket.SHUT_RD)
            reader.join()

    def _read(self) -> None:
        while message := self.socket.recv(4096):
            self.messages.append(message.decode())

    def wait_for(self, text: str) -> str:
        """Wait for a message with this text after the one that this returned last; `reading` has to read."""

        def find() -> str | None:
            found = next((n for n, each in enumerate(self.messages) if n >= self._found and text in each), None)
            if found is None:
                return None
            self._found = found + 1
            return self.messages[found]

        return eventually(find, SECONDS)
