"""Start shims through the launcher (`launcher_program.py`), a process that starts with the first plain process.

Guarantees that a launcher that was killed is replaced with the next start, and that only this engine can ask it: their
socket has no name. A start that the launcher had not begun when it died has begun nothing, and can be repeated.
"""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator

STARTS_AT_ONCE = min(os.cpu_count() or 2, 16)
"""The shims that start at the same time; the others wait, so that the engine and other jobs get processor time."""
SLOW_START_SECONDS = 0.02
"""The seconds after which a start no longer counts: on a slow disk or a busy machine, more starts wait side by side."""
COMMAND = (sys.executable, "-P", "-m", "lamplighter.runtime.process.launcher_program")
_CHUNK_BYTES = 65_536


class LauncherProcess:
    """The launcher of one engine."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._places = asyncio.Semaphore(STARTS_AT_ONCE)

    @contextlib.asynccontextmanager
    async def wait_for_place(self) -> AsyncIterator[None]:
        """Wait until few other processes start; a start that is slow gives up its place, but continues."""
        await self._places.acquire()
        with contextlib.ExitStack() as place:
            place.callback(self._places.release)
            slow = asyncio.get_running_loop().call_later(SLOW_START_SECONDS, place.close)
            place.callback(slow.cancel)
            yield

    async def start_shim(self, arguments: bytes) -> bytes:
        """Start a shim; return its error output when it is decided whether its process starts, or when it died.

        Raises OSError if the launcher cannot start or does not answer.
        """
        connection, shim_end = socket.socketpair()
        with connection:
            with shim_end:
                await self._send(shim_end)
            connection.settimeout(0)
            return await _exchange(connection, arguments)

    async def _send(self, shim_end: socket.socket) -> None:
        """Send the launcher a shim's end of a connection; start a launcher if there is none or it died."""
        if self._socket is not None and _send_connection(self._socket, shim_end):
            return
        self.close()
        self._socket, launcher_end = socket.socketpair()
        self._socket.settimeout(0)
        _send_connection(self._socket, shim_end)  # The launcher reads it as soon as it runs.
        await asyncio.to_thread(_start_launcher, launcher_end)

    def close(self) -> None:
        """End the launcher; the shims continue."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _start_launcher(launcher_end: socket.socket) -> None:
    """Start a launcher. Blocks, because uvloop loses files when it cannot start a process."""
    with launcher_end:
        number = launcher_end.fileno()
        subprocess.run(COMMAND, stdin=number, stdout=subprocess.DEVNULL, start_new_session=True, check=False)


def _send_connection(launcher: socket.socket, connection: socket.socket) -> bool:
    """Send a connection; return False if the launcher has died. Raises BlockingIOError if it does not read."""
    try:
        socket.send_fds(launcher, [b"s"], [connection.fileno()])
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


async def _exchange(connection: socket.socket, arguments: bytes) -> bytes:
    """Send all arguments and return all output; a shim that died takes and gives no more."""
    loop, output = asyncio.get_running_loop(), b""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        await loop.sock_sendall(connection, arguments)
        connection.shutdown(socket.SHUT_WR)
    with contextlib.suppress(ConnectionResetError):
        while chunk := await loop.sock_recv(connection, _CHUNK_BYTES):
            output += chunk
    return output
