"""A world whose clock a test moves, so that it simulates a month of runs in milliseconds."""

from dataclasses import replace

from lamplighter.base.world import World, frozen_world


class ManualClock:
    """A clock that moves only when a test moves it."""

    def __init__(self, start: int = 1_767_225_600_000) -> None:
        self.wall = start
        self.steady = start

    def now(self) -> int:
        """Return the wall clock's time in milliseconds since the epoch."""
        return self.wall

    def monotonic(self) -> int:
        """Return the time in milliseconds without the effect of `jump`."""
        return self.steady

    def advance(self, milliseconds: int) -> None:
        """Move both clocks forward."""
        self.wall += milliseconds
        self.steady += milliseconds

    def jump(self, milliseconds: int) -> None:
        """Set the wall clock forward or back; the monotonic clock stays."""
        self.wall += milliseconds


def manual_world(clock: ManualClock | None = None, seed: int = 0) -> World:
    """Return a `World` that depends only on a manual clock and a seed, so that every run of a test is the same."""
    manual_clock = clock or ManualClock()
    return replace(frozen_world(0, 0, seed), now=manual_clock.now, monotonic=manual_clock.monotonic)
