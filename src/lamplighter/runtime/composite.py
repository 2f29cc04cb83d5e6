"""Docker for containers that name an image, plain processes for those that name none.

Promises the port over both. Refuses to guess: a name belongs to the processes if a process of that name is kept.
"""

from collections.abc import AsyncGenerator

from lamplighter.runtime.port import Container, ContainerExit, OutputLine, Runtime, RuntimeUnavailable, StartedContainer
from lamplighter.runtime.process.runtime import ProcessRuntime


class CompositeRuntime:
    """Two runtimes as one."""

    def __init__(self, images: Runtime, processes: ProcessRuntime) -> None:
        self._images = images
        self._processes = processes

    async def check(self) -> None:
        """See the port."""
        await self._images.check()
        await self._processes.check()

    async def start(self, container: Container) -> StartedContainer:
        """See the port."""
        chosen: Runtime = self._processes if container.image is None else self._images
        return await chosen.start(container)

    async def wait(self, name: str) -> ContainerExit:
        """See the port."""
        return await self._owner(name).wait(name)

    async def stop(self, name: str, grace: float) -> None:
        """See the port."""
        await self._owner(name).stop(name, grace)

    def logs(self, name: str) -> AsyncGenerator[OutputLine, None]:
        """See the port."""
        return self._owner(name).logs(name)

    async def remove(self, name: str) -> None:
        """See the port."""
        await self._owner(name).remove(name)

    async def names(self) -> frozenset[str]:
        """See the port."""
        return await self._processes.names() | await self._images.names()

    async def ended(self) -> frozenset[str]:
        """See the port; of processes alone where Docker does not answer."""
        try:
            images = await self._images.ended()
        except RuntimeUnavailable:
            images = frozenset()
        return await self._processes.ended() | images

    async def close(self) -> None:
        """See the port."""
        await self._processes.close()
        await self._images.close()

    def _owner(self, name: str) -> Runtime:
        return self._processes if self._processes.has(name) else self._images
