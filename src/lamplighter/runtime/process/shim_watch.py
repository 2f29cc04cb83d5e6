"""Watches a shim without a thread and without asking again and again.

The shim holds a FIFO open: a byte in it says that there is more output, its end says that the shim is gone. Promises
that `gone` is set also for a shim that died long ago. Refuses to say how the process ended: see `process_directory.py`.
"""

import asyncio
import contextlib
import os
from pathlib import Path

from lamplighter.runtime.process.process_directory import is_locked


class ShimWatch:
    """One shim, watched by any number of tasks of this event loop."""

    def __init__(self, alive: Path) -> None:
        self.gone = asyncio.Event()
        self.news = asyncio.Event()
        """More output may be there, or the shim is gone; cleared by whoever reads."""
        self._fifo = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._fifo, self._read)
        # Opened before this question is asked: a shim that dies from here on ends the FIFO.
        if not is_locked(self._fifo):
            self._end()

    def _read(self) -> None:
        self.news.set()
        with contextlib.suppress(BlockingIOError):  # another watcher has read it
            if not os.read(self._fifo, 65536):
                self._end()

    def _end(self) -> None:
        self.close()
        self.gone.set()
        self.news.set()

    def close(self) -> None:
        """Stop watching."""
        if self._fifo >= 0:
            asyncio.get_running_loop().remove_reader(self._fifo)
            os.close(self._fifo)
            self._fifo = -1
