"""What the engine needs of whoever does work that may take long."""

from collections.abc import Callable
from typing import Protocol

from lamplighter.asl.execution.step import RefusalReason
from lamplighter.base.errors import LamplighterError
from lamplighter.isolation.requests import Answer, Request

SLOW_SECONDS = 1.0
"""Processor time from which on work is slow."""


class LimitExceeded(LamplighterError):
    """The work was broken off: it took too long, needed too much memory or ended its process; str() says which."""


class Isolation(Protocol):
    """Does work without a known bound so that nobody else waits for it."""

    async def run(self, request: Request, refuses: RefusalReason, on_slow: Callable[[], None] | None = None) -> Answer:
        """Answer a request; raises Overrun, or what the request raises by a fault of ours.

        `refuses` is called on the caller's event loop, and so is `on_slow`, once the work itself has used SLOW_SECONDS
        of processor time. The time for which it waits for a process, or for a processor, does not count.
        """

    async def close(self) -> None:
        """Break off what is under way."""
