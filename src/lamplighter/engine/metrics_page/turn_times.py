"""Measure the longest turn of the event loop: the time for which one request can make all others wait.

Every `INTERVAL` the loop reads how much processor time its thread has used since the last reading. At most one turn
between two readings can last beyond the interval. So the difference is an upper bound of the longest turn, too high by
at most the interval. Only processor time counts: a machine that is busy with other programs, and a slow disk, do not
count as long turns.

An idle loop is not woken for that: after `QUIET_READINGS` without work, it is read every five seconds, until `wake` is
called when work comes.
"""

import asyncio

from lamplighter.base.world import thread_seconds

INTERVAL = 0.02
"""Seconds between two readings."""
IDLE_INTERVAL = 5.0
"""Seconds between two readings of an idle loop."""
QUIET_SECONDS, QUIET_READINGS = 0.001, 25
"""The most seconds of processor time between two readings that count as no work, and how many such readings make the
loop idle."""
LONG_TURN_SECONDS = 0.1
"""The seconds from which on a turn counts as long."""


class TurnTimes:
    """Measures one event loop, from `start` to `stop`."""

    def __init__(self) -> None:
        self.longest = 0.0
        """The longest turn since the start, in seconds of processor time."""
        self.long_turns = 0
        """The number of long turns."""
        self._handle: asyncio.TimerHandle | None = None
        self._used = 0.0
        self._quiet_readings = 0

    def start(self) -> None:
        """Measure the loop that is running now."""
        self._used = thread_seconds()
        self._schedule()

    def stop(self) -> None:
        """Stop measuring."""
        if self._handle is not None:
            self._handle.cancel()

    def wake(self) -> None:
        """Measure often again, because there is work."""
        if self._is_idle and self._handle is not None:
            self._handle.cancel()
            self._quiet_readings = 0
            self._measure()

    @property
    def _is_idle(self) -> bool:
        return self._quiet_readings >= QUIET_READINGS

    def _schedule(self) -> None:
        interval = IDLE_INTERVAL if self._is_idle else INTERVAL
        self._handle = asyncio.get_running_loop().call_later(interval, self._measure)

    def _measure(self) -> None:
        used = thread_seconds()
        turn, self._used = used - self._used, used
        self.longest = max(self.longest, turn)
        self.long_turns += turn >= LONG_TURN_SECONDS
        most = INTERVAL if self._is_idle else QUIET_SECONDS
        self._quiet_readings = self._quiet_readings + 1 if turn < most else 0
        self._schedule()
