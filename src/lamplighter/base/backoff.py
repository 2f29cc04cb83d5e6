"""Yield growing pauses between the attempts to reach something that does not answer."""

from collections.abc import Iterator


def backoff_delays(first: float, longest: float) -> Iterator[float]:
    """Yield seconds to wait, each twice the one before, up to `longest`; never end."""
    delay = first
    while True:
        yield delay
        delay = min(2 * delay, longest)
