"""The socket on which systemd receives the messages of a service."""

import socket
from pathlib import Path

SECONDS = 60


class NotifySocket:
    """A datagram socket; `address` is what the service finds in NOTIFY_SOCKET."""

    def __init__(self, folder: Path, *, abstract: bool = False) -> None:
        self.address = f"@lamplighter-test-{folder.name}" if abstract else str(folder / "notify")
        self.messages: list[str] = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"\0{self.address[1:]}" if abstract else self.address)

    def receive(self, seconds: float = SECONDS) -> str:
        """Wait for one message. Raises TimeoutError."""
        self.socket.settimeout(seconds)
        message = self.socket.recv(4096).decode()
        self.messages.append(message)
        return message

    def wait_for(self, text: str) -> str:
        """Wait for a message with this text."""
        while text not in (message := self.receive()):
            pass
        return message

    def drain(self) -> None:
        """Drop the messages that have already arrived."""
        self.socket.setblocking(False)
        try:
            while True:
                self.socket.recv(4096)
        except BlockingIOError:
            pass
