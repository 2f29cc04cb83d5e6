"""Start shims through the launcher (`launcher.py`), a process that starts with the first plain process.

Guarantees that a launcher that was killed is replaced with the next start, and that only this engine can ask it: their
socket has no name. A start that the launcher had not begun when it died has begun nothing, and can be repeated.
"""

import asyncio
import contextlib
import socket
import subprocess
import sys

MAX_STARTS = 8
"""The most shims that start at the same time; the others wait, so that the engine and other jobs get processor time."""
COMMAND = (sys.executable, "-P", "-m", "lamplighter.runtime.process.launcher")
_CHUNK_BYTES = 65_536


class LauncherProcess:
    """The launcher of one engine."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._sending = asyncio.Lock()
        self._starts = asyncio.Semaphore(MAX_STARTS)

    async def start_shim(self, arguments: bytes) -> bytes:
        """Start a shim; return its error output when it is decided whether its process starts, or when it died.

        Raises OSError if the launcher cannot start or does not answer.
        """
        async with self._starts:
            connection, shim_end = socket.socketpair()
            with connection:
                with shim_end:
                    await self._send(shim_end)
                connection.settimeout(0)
                return await _exchange(connection, arguments)

    async def _send(self, shim_end: socket.socket) -> None:
        """Send the launcher a shim's end of a connection; start a launcher if there is none or it died."""
        async with self._sending:
            if self._socket is not None:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    _send_connection(self._socket, shim_end)
                    return
            self.close()
            self._socket = await asyncio.to_thread(_start_launcher)
            _send_connection(self._socket, shim_end)

    def close(self) -> None:
        """End the launcher; the shims continue."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _start_launcher() -> socket.socket:
    """Start a launcher and return the socket to it. Blocks; uvloop's own way loses files when a start fails."""
    engine_end, launcher_end = socket.socketpair()
    try:
        with launcher_end:
            subprocess.run(
                COMMAND, stdin=launcher_end.fileno(), stdout=subprocess.DEVNULL, start_new_session=True, check=False
            )
    except BaseException:
        engine_end.close()
        raise
    engine_end.settimeout(0)
    return engine_end


def _send_connection(launcher: socket.socket, connection: socket.socket) -> None:
    socket.send_fds(launcher, [b"s"], [connection.fileno()])


async def _exchange(connection: socket.socket, arguments: bytes) -> bytes:
    """Send all arguments and return all output; a shim that died has no more."""
    loop, output = asyncio.get_running_loop(), b""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        await loop.sock_sendall(connection, arguments)
        connection.shutdown(socket.SHUT_WR)
        while chunk := await loop.sock_recv(connection, _CHUNK_BYTES):
            output += chunk
    return output
