"""Yield growing pauses between the attempts to reach something that does not answer."""

from collections.abc import Iterator


def growing_pauses(first: float, longest: float) -> Iterator[float]:
    """Yield seconds to wait, each twice the one before, up to `longest`; never end."""
    pause = first
    while True:
        yield pause
        pause = min(2 * pause, longest)
