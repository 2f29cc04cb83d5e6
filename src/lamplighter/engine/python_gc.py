"""Run full garbage collections in turns of the event loop that do nothing else.

Python starts a full collection during any allocation, so that the collection adds its time to the current turn: with
300 jobs, 70 ms. Guarantees that a full collection waits for a turn that does nothing else, and takes at most one
`PAUSE_FACTOR`th of the engine's time. A collection covers only the objects made since the last one; once in an hour it
covers all objects. After `MAX_BUSY_TURNS` busy turns the collection runs anyway, because an engine that is always busy
has garbage too. See https://docs.python.org/3/library/gc.html#gc.freeze.

After a collection, memory that is free goes back to the system. The GNU C library keeps most of it otherwise, for ever
after a large template: see malloc_trim(3). Other C libraries have no such function, and need none.
"""

import asyncio
import ctypes
import gc

from lamplighter.base.world import thread_seconds

MIDDLE_COLLECTIONS = 10
"""The number of middle-generation collections after which a full one is due, as in Python itself."""
NEVER = 1_000_000_000
"""A threshold that is never reached, so that Python starts no full collection by itself."""
CHECK_SECONDS = 5.0
"""Seconds between two checks whether a full collection is due."""
PAUSE_FACTOR = 100
"""The pause after a collection, as a multiple of the collection's duration."""
UNFREEZE_SECONDS = 3600.0
"""Seconds after which a collection covers all objects again: objects that survived one may have become garbage."""
QUIET_SECONDS = 0.002
"""The most seconds of processor time in a turn that counts as doing nothing else."""
MAX_BUSY_TURNS = 200
"""The most turns for which a collection waits for a quiet one."""
RETURN_FREE_MEMORY = getattr(ctypes.CDLL(None), "malloc_trim", None)


class GarbageCollector:
    """Collects the garbage of the process of one event loop, from `start` to `stop`."""

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None
        self._thresholds = gc.get_threshold()
        self._used = 0.0
        self._busy_turns_left = 0
        self._unfreeze_at = 0.0
        """The time, by the loop's clock, when a collection covers all objects again."""

    def start(self) -> None:
        """Take full collections over from Python; the objects that exist now are first covered in an hour."""
        gc.set_threshold(*self._thresholds[:2], NEVER)
        loop = asyncio.get_running_loop()
        self._unfreeze_at = loop.time() + UNFREEZE_SECONDS
        gc.freeze()
        self._handle = loop.call_later(CHECK_SECONDS, self._check)

    def stop(self) -> None:
        """Give full collections back to Python."""
        if self._handle is not None:
            self._handle.cancel()
            gc.set_threshold(*self._thresholds)

    def _check(self) -> None:
        loop = asyncio.get_running_loop()
        if gc.get_count()[2] < MIDDLE_COLLECTIONS or not gc.isenabled():  # a thread has disabled it (`base/threads.py`)
            self._handle = loop.call_later(CHECK_SECONDS, self._check)
            return
        self._busy_turns_left, self._used = MAX_BUSY_TURNS, thread_seconds()
        self._handle = loop.call_later(0, self._collect_if_quiet)

    def _collect_if_quiet(self) -> None:
        """Collect if the loop did nothing since the last try.

        Timers run last in a turn, so that no other callback of this turn has to wait for the collection.
        """
        loop, used = asyncio.get_running_loop(), thread_seconds()
        if used - self._used > QUIET_SECONDS and self._busy_turns_left > 0:
            self._busy_turns_left, self._used = self._busy_turns_left - 1, used
            self._handle = loop.call_later(0, self._collect_if_quiet)
            return
        self._collect(loop)
        pause = max(CHECK_SECONDS, PAUSE_FACTOR * (thread_seconds() - used))
        self._handle = loop.call_later(pause, self._check)

    def _collect(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop.time() >= self._unfreeze_at:
            self._unfreeze_at = loop.time() + UNFREEZE_SECONDS
            gc.unfreeze()
        gc.collect()
        gc.freeze()
        if RETURN_FREE_MEMORY is not None:
            loop.run_in_executor(None, RETURN_FREE_MEMORY, 0)
