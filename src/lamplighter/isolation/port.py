"""What the engine needs of whoever does work that may take long."""

from typing import Protocol

from lamplighter.asl.run import Refuses
from lamplighter.base.errors import LamplighterError
from lamplighter.isolation.requests import Answer, Request


class Overrun(LamplighterError):
    """The work was broken off: it took too long, needed too much memory or ended its process; str() says which."""


class Isolation(Protocol):
    """Does work without a known bound so that nobody else waits for it."""

    async def run(self, request: Request, refuses: Refuses) -> Answer:
        """Answer a request; raises Overrun, or what the request raises by a fault of ours.

        `refuses` is called on the caller's event loop.
        """

    async def close(self) -> None:
        """Break off what is under way."""
