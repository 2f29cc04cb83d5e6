"""Load a container runtime on first use: the client of Docker takes 60 ms and 10 MB, and an engine may never need it.

Guarantees that callers see no difference except the time. The module is imported in a thread, so that the event loop
continues meanwhile.
"""

import contextlib
from collections.abc import AsyncGenerator, Callable

from lamplighter.engine.lazy.lazy_object import LazyObject
from lamplighter.runtime.output_cursor import OutputCursor
from lamplighter.runtime.output_line import OutputLine
from lamplighter.runtime.port import ContainerExit, ContainerSpec, Health, Runtime, StartedContainer, never

BuildRuntime = Callable[[Callable[..., Runtime]], Runtime]


class LazyRuntime:
    """Stands in for a runtime until its first use, then passes everything on to it.

    `reference` names the class of the runtime. `build` is called with that class and builds the runtime.
    """

    def __init__(self, reference: str, build: BuildRuntime) -> None:
        self._runtime = LazyObject[Runtime](reference, build)

    async def check(self) -> None:
        """Implement `Runtime.check`."""
        await (await self._runtime.load()).check()

    async def start(self, container: ContainerSpec, is_called_off: Callable[[], bool] = never) -> StartedContainer:
        """Implement `Runtime.start`."""
        return await (await self._runtime.load()).start(container, is_called_off)

    async def start_pause_container(self, container: ContainerSpec) -> None:
        """Implement `Runtime.start_pause_container`."""
        await (await self._runtime.load()).start_pause_container(container)

    async def restart(self, container: ContainerSpec) -> StartedContainer:
        """Implement `Runtime.restart`."""
        return await (await self._runtime.load()).restart(container)

    async def wait(self, name: str) -> ContainerExit:
        """Implement `Runtime.wait`."""
        return await (await self._runtime.load()).wait(name)

    async def stop(self, name: str, grace: float) -> None:
        """Implement `Runtime.stop`."""
        await (await self._runtime.load()).stop(name, grace)

    async def logs(self, name: str, cursor: OutputCursor | None = None) -> AsyncGenerator[OutputLine, None]:
        """Implement `Runtime.logs`."""
        async with contextlib.aclosing((await self._runtime.load()).logs(name, cursor)) as lines:
            async for line in lines:
                yield line

    async def health(self, container: ContainerSpec) -> AsyncGenerator[Health, None]:
        """Implement `Runtime.health`."""
        async with contextlib.aclosing((await self._runtime.load()).health(container)) as changes:
            async for health in changes:
                yield health

    async def remove(self, name: str) -> None:
        """Implement `Runtime.remove`."""
        await (await self._runtime.load()).remove(name)

    async def names(self) -> frozenset[str]:
        """Implement `Runtime.names`."""
        return await (await self._runtime.load()).names()

    async def ended_names(self) -> frozenset[str]:
        """Implement `Runtime.ended_names`."""
        return await (await self._runtime.load()).ended_names()

    async def close(self) -> None:
        """Close the runtime if it is loaded."""
        if self._runtime.loaded is not None:
            await self._runtime.loaded.close()
