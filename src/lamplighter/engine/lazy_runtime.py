"""Load a container runtime on first use: the client of Docker takes 60 ms and 10 MB, and an engine may never need it.

Guarantees that callers see no difference except the time. The module is imported in a thread, so that the event loop
continues meanwhile.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable

from lamplighter.base.modules import load_object
from lamplighter.runtime.port import ContainerExit, ContainerSpec, OutputLine, Runtime, StartedContainer

BuildRuntime = Callable[[Callable[..., Runtime]], Runtime]


class LazyRuntime:
    """Stands in for a runtime until its first use, then passes everything on to it.

    `reference` names the class of the runtime. `build` is called with that class and builds the runtime.
    """

    def __init__(self, reference: str, build: BuildRuntime) -> None:
        self._reference = reference
        self._build = build
        self._loaded: Runtime | None = None

    async def _load(self) -> Runtime:
        if self._loaded is None:
            build = await asyncio.to_thread(load_object, self._reference)
            if self._loaded is None:  # another call may have built it meanwhile
                self._loaded = self._build(build)
        return self._loaded

    async def check(self) -> None:
        """Implement `Runtime.check`."""
        await (await self._load()).check()

    async def start(self, container: ContainerSpec) -> StartedContainer:
        """Implement `Runtime.start`."""
        return await (await self._load()).start(container)

    async def wait(self, name: str) -> ContainerExit:
        """Implement `Runtime.wait`."""
        return await (await self._load()).wait(name)

    async def stop(self, name: str, grace: float) -> None:
        """Implement `Runtime.stop`."""
        await (await self._load()).stop(name, grace)

    async def logs(self, name: str) -> AsyncGenerator[OutputLine, None]:
        """Implement `Runtime.logs`."""
        async with contextlib.aclosing((await self._load()).logs(name)) as lines:
            async for line in lines:
                yield line

    async def remove(self, name: str) -> None:
        """Implement `Runtime.remove`."""
        await (await self._load()).remove(name)

    async def names(self) -> frozenset[str]:
        """Implement `Runtime.names`."""
        return await (await self._load()).names()

    async def ended_names(self) -> frozenset[str]:
        """Implement `Runtime.ended_names`."""
        return await (await self._load()).ended_names()

    async def close(self) -> None:
        """Close the runtime if it is loaded."""
        if self._loaded is not None:
            await self._loaded.close()
