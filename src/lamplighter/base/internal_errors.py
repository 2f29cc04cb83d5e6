"""Record the engine's internal errors: those of its own callbacks, which no caller receives.

Guarantees that an error in a callback ends neither the work that called it nor the other callbacks. Each error is
logged with its traceback, and counted for the engine's health and metrics.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

log = logging.getLogger("lamplighter.engine")


@dataclass(frozen=True, slots=True)
class InternalError:
    """An error in a callback of the engine."""

    time: int
    """Milliseconds since the epoch."""
    place: str
    """The callback that raised it, such as `a callback after a commit`."""
    text: str
    """The type of the error and its message."""


class InternalErrors:
    """The internal errors of one engine since its start; `now` returns milliseconds since the epoch."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self.count = 0
        self.last: InternalError | None = None

    def record(self, place: str, error: BaseException, effect: str = "") -> None:
        """Log and count an error; `effect` says what follows from it, such as `it is tried again in a minute`."""
        self.count += 1
        self.last = InternalError(self._now(), place, f"{type(error).__name__}: {error}")
        log.error("%s failed%s", place, f"; {effect}" if effect else "", exc_info=error)

    def call_all(self, place: str, callbacks: Iterable[Callable[[], None]]) -> None:
        """Call each function; record the errors of those that raise one."""
        for callback in callbacks:
            self.call(place, callback)

    def call(self, place: str, callback: Callable[[], None]) -> None:
        """Call a function; record its error if it raises one."""
        try:
            callback()
        except Exception as error:  # noqa: BLE001 - it is recorded, and no caller could handle it
            self.record(place, error)
