"""Define the interface through which the engine runs work that may take long."""

from collections.abc import Callable
from typing import Protocol

from lamplighter.asl.execution.step import RefusalReason
from lamplighter.base.errors import LamplighterError
from lamplighter.isolation.requests import Answer, Request

SLOW_SECONDS = 1.0
"""The seconds of processor time from which on work counts as slow."""


class LimitExceeded(LamplighterError):
    """The work was aborted: it took too long, needed too much memory or ended its process; the text states which."""


class Isolation(Protocol):
    """Runs work without a known bound so that no other request has to wait for it."""

    async def run(
        self, request: Request, refusal_reason: RefusalReason, on_slow: Callable[[], None] | None = None
    ) -> Answer:
        """Answer a request. Raises `LimitExceeded`, or `Bug` if the request fails because of a bug.

        `refusal_reason` is called on the caller's event loop. `on_slow` is called there too, once the work itself has
        used SLOW_SECONDS of processor time. Time spent waiting for a process or a processor does not count.
        """

    async def close(self) -> None:
        """Abort the work in progress."""
