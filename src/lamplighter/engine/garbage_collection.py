"""Full garbage collections in moments of their own.

Python begins a full collection wherever an allocation happens to call for one, so that its time adds to that of the
turn which it meets: with 300 jobs, 70 ms to 70 ms. Promises that a full collection waits for a turn in which nothing
else was done, looks only at what was made since the last one, except once in an hour, and takes at most one `SHARE`th
of the engine's time; refuses to wait for ever, as an engine that is busy all the time has garbage too.
See https://docs.python.org/3/library/gc.html#gc.freeze.
"""

import asyncio
import gc

from lamplighter.base.world import thread_seconds

ROUNDS = 10
"""How many collections of the middle generation call for a full one, as Python itself has it."""
NEVER = 1_000_000_000
"""Rounds after which Python begins one by itself."""
SHORTEST = 1.0
"""Seconds between two looks whether one is called for."""
SHARE = 100
"""How much longer than the last collection is the time until the next one."""
THAW = 3600.0
"""Seconds after which all is looked at again: what was alive at a collection may have become garbage since."""
QUIET = 0.002
"""Seconds of processor time up to which nothing else was done in a turn."""
TRIES = 200
"""How many turns may pass until one is quiet."""


class GarbageCollector:
    """Collects the garbage of the process that one loop runs in, from `start` to `stop`."""

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None
        self._thresholds = gc.get_threshold()
        self._used = 0.0
        self._tries = 0
        self._thaw = 0.0
        """When all is to be looked at again, by the loop's clock."""

    def start(self) -> None:
        """Take full collections over from Python; what was loaded by now is looked at with all else, in an hour."""
        gc.set_threshold(*self._thresholds[:2], NEVER)
        loop = asyncio.get_running_loop()
        self._thaw = loop.time() + THAW
        gc.freeze()
        self._handle = loop.call_later(SHORTEST, self._look)

    def stop(self) -> None:
        """Leave them to Python again."""
        if self._handle is not None:
            self._handle.cancel()
            gc.set_threshold(*self._thresholds)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        if gc.get_count()[2] < ROUNDS or not gc.isenabled():  # a thread has it paused (`base/threads.py`)
            self._handle = loop.call_later(SHORTEST, self._look)
            return
        self._tries, self._used = TRIES, thread_seconds()
        self._handle = loop.call_later(0, self._try)

    def _try(self) -> None:
        """Collect if nothing was done since the last try. Timers come last in a turn: nothing follows in it either."""
        loop, used = asyncio.get_running_loop(), thread_seconds()
        if used - self._used > QUIET and self._tries > 0:
            self._tries, self._used = self._tries - 1, used
            self._handle = loop.call_later(0, self._try)
            return
        self._collect(loop)
        pause = max(SHORTEST, SHARE * (thread_seconds() - used))
        self._handle = loop.call_later(pause, self._look)

    def _collect(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop.time() >= self._thaw:
            self._thaw = loop.time() + THAW
            gc.unfreeze()
        gc.collect()
        gc.freeze()
