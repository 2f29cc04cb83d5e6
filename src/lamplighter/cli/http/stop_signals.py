"""Stop a server by SIGINT or SIGTERM, also if the signal arrives before the server runs.

Guarantees that no signal is lost once `catch_stop_signals` has returned: a server that starts later stops at once.
"""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass, field

NUMBERS = (signal.SIGINT, signal.SIGTERM)


@dataclass(slots=True)
class StopSignals:
    """The stop signals of this process; `handle` is called with the number of each."""

    handle: Callable[[int], None] | None = None
    early: list[int] = field(default_factory=list)
    """The signals that arrived before there was a handler."""

    def receive(self, number: int) -> None:
        """Handle a signal, or keep it for the handler to come."""
        if self.handle is None:
            self.early.append(number)
        else:
            self.handle(number)

    def send_to(self, handle: Callable[[int], None]) -> None:
        """Let a function handle the signals that have arrived and those that will."""
        self.handle = handle
        for number in self.early:
            handle(number)


def catch_stop_signals() -> StopSignals:
    """Catch SIGINT and SIGTERM in the running loop from now on."""
    caught, loop = StopSignals(), asyncio.get_running_loop()
    for number in NUMBERS:
        loop.add_signal_handler(number, caught.receive, number)
    return caught
