"""Define what the engine needs of its traces, so that their modules are imported only if traces are sent."""

from collections.abc import Mapping
from typing import Protocol

SENT, DROPPED, NOT_SAMPLED = OUTCOMES = ("sent", "dropped", "not_sampled")
"""What becomes of a trace."""


class Traces(Protocol):
    """The traces of one engine's runs."""

    @property
    def counts(self) -> Mapping[str, int]:
        """The numbers of traces since the start, by what became of them (`OUTCOMES`)."""

    def container_variables(self, task: str) -> Mapping[str, str]:
        """Return the environment variables that tell the containers of an ECS task their place in the trace."""

    async def close(self) -> None:
        """Send what is left, but wait only a few seconds for the collector."""
