"""Retry calls to a runtime that does not answer, at growing intervals; nothing is decided in the meantime."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from lamplighter.base.backoff import backoff_delays
from lamplighter.runtime.port import RuntimeUnavailable

T = TypeVar("T")
Pause = Callable[[float], Awaitable[object]]

log = logging.getLogger("lamplighter.ecs")

FIRST_SECONDS, MAX_SECONDS = 0.1, 5.0


def retry_pauses() -> Iterator[float]:
    """Return the seconds to wait before each new attempt."""
    return backoff_delays(FIRST_SECONDS, MAX_SECONDS)


async def retry_while_unavailable(pause: Pause, call: Callable[[], Awaitable[T]]) -> T:
    """Call until the runtime answers; log new reasons once."""
    last_message = ""
    for seconds in retry_pauses():
        try:
            return await call()
        except RuntimeUnavailable as error:
            if str(error) != last_message:
                last_message = str(error)
                log.warning("%s", last_message)
        await pause(seconds)
    raise AssertionError
