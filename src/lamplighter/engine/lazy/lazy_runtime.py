"""Load a container runtime on first use: the client of Docker takes 60 ms and 10 MB, and an engine may never need it.

Guarantees that callers see no difference except the time. The module is imported in a thread, so that the event loop
continues meanwhile.
"""

import contextlib
from collections.abc import AsyncGenerator

from lamplighter.engine.lazy.lazy_object import LazyObject
from lamplighter.runtime.output_cursor import OutputCursor
from lamplighter.runtime.output_line import OutputLine
from lamplighter.runtime.port import ContainerSpec, Health, Runtime


class LazyRuntime(LazyObject[Runtime]):
    """Stands in for a runtime until its first use, then passes everything on to it."""

    async def logs(self, name: str, cursor: OutputCursor | None = None) -> AsyncGenerator[OutputLine, None]:
        """Implement `Runtime.logs`."""
        async with contextlib.aclosing((await self.load()).logs(name, cursor)) as lines:
            async for line in lines:
                yield line

    async def health(self, container: ContainerSpec) -> AsyncGenerator[Health, None]:
        """Implement `Runtime.health`."""
        async with contextlib.aclosing((await self.load()).health(container)) as changes:
            async for health in changes:
                yield health
