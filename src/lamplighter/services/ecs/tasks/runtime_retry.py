"""Waiting for a runtime that does not answer: asked again, less and less often, and nothing is decided meanwhile."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from lamplighter.runtime.port import RuntimeUnavailable

T = TypeVar("T")
Pause = Callable[[float], Awaitable[object]]
"""Lets seconds pass."""

log = logging.getLogger("lamplighter.ecs")

FIRST_SECONDS, LONGEST_SECONDS = 0.1, 5.0


def retry_pauses() -> Iterator[float]:
    """Seconds to wait before each new try."""
    seconds = FIRST_SECONDS
    while True:
        yield seconds
        seconds = min(2 * seconds, LONGEST_SECONDS)


async def retry_while_unavailable(
    pause: Pause, call: Callable[[], Awaitable[T]], given_up: Callable[[], bool] = lambda: False
) -> T:
    """Call until the runtime answers; raises RuntimeUnavailable only once it is given up. Says once why it waits."""
    said = ""
    for seconds in retry_pauses():
        try:
            return await call()
        except RuntimeUnavailable as error:
            if str(error) != said:
                said = str(error)
                log.warning("%s", said)
            if given_up():
                raise
        await pause(seconds)
    raise AssertionError
