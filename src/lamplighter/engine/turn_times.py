"""How long the event loop was held without a break: what everybody waits for whom one caller holds up.

Every `INTERVAL` the loop looks how much processor time its thread has used since the last look. Between two looks there
is one turn of the loop at most that goes on beyond the interval, so that the difference bounds the longest turn from
above, by no more than the interval. Processor time is what counts: a machine that is busy with something else, and a
disk that is slow, hold nobody up by this.
"""

import asyncio

from lamplighter.base.world import thread_seconds

INTERVAL = 0.02
"""Seconds between two looks."""
LONG = 0.1
"""Seconds from which on a turn counts as long."""


class TurnTimes:
    """Watches one loop, from `start` to `stop`."""

    def __init__(self) -> None:
        self.longest = 0.0
        """Seconds of processor time, since the start."""
        self.long = 0
        """How many turns were long."""
        self._handle: asyncio.TimerHandle | None = None
        self._used = 0.0

    def start(self) -> None:
        """Watch the loop that runs now."""
        self._used = thread_seconds()
        self._arm()

    def stop(self) -> None:
        """Watch no more."""
        if self._handle is not None:
            self._handle.cancel()

    def _arm(self) -> None:
        self._handle = asyncio.get_running_loop().call_later(INTERVAL, self._look)

    def _look(self) -> None:
        used = thread_seconds()
        turn, self._used = used - self._used, used
        self.longest = max(self.longest, turn)
        self.long += turn >= LONG
        self._arm()
