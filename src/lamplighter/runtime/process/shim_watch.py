"""Watch a shim without a thread and without polling.

The shim holds a FIFO open: a byte in it means more output, its end means that the shim is gone. Guarantees that `gone`
is set even for a shim that died before. How the process ended is in its directory (`process_directory.py`).
"""

import asyncio
import contextlib
import os
from pathlib import Path

from lamplighter.runtime.process.process_directory import is_locked


class ShimWatch:
    """Watches one shim for any number of tasks of this event loop."""

    def __init__(self, alive: Path) -> None:
        self.gone = asyncio.Event()
        self.changed = asyncio.Event()
        """Set when there may be more output or the shim is gone; the reader of the output clears it."""
        self._fifo = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._fifo, self._read)
        # The FIFO is open before this check: if the shim dies after the check, the FIFO ends.
        if not is_locked(self._fifo):
            self._end()

    def _read(self) -> None:
        self.changed.set()
        with contextlib.suppress(BlockingIOError):  # another watcher has read the bytes
            if not os.read(self._fifo, 65536):
                self._end()

    def _end(self) -> None:
        self.close()
        self.gone.set()
        self.changed.set()

    def close(self) -> None:
        """Stop watching."""
        if self._fifo >= 0:
            asyncio.get_running_loop().remove_reader(self._fifo)
            os.close(self._fifo)
            self._fifo = -1
