"""Run containers with an image under Docker, and containers without one as plain processes.

Guarantees everything that `Runtime` guarantees. A name belongs to the process runtime if a directory of a process with
that name exists, else to Docker.
"""

from collections.abc import AsyncGenerator, Callable

from lamplighter.runtime.output_cursor import OutputCursor
from lamplighter.runtime.output_line import OutputLine
from lamplighter.runtime.port import (
    ContainerExit,
    ContainerSpec,
    Health,
    Runtime,
    RuntimeUnavailable,
    StartedContainer,
    never,
)
from lamplighter.runtime.process.cgroups import ProcessCgroups
from lamplighter.runtime.process.runtime import ProcessRuntime


class CompositeRuntime:
    """A runtime that passes each container on to one of two runtimes."""

    def __init__(self, images: Runtime, processes: ProcessRuntime) -> None:
        self._images = images
        self._processes = processes

    @property
    def cgroups(self) -> ProcessCgroups | None:
        """See `ProcessRuntime.cgroups`."""
        return self._processes.cgroups

    async def check(self) -> None:
        """Implement `Runtime.check`."""
        await self._images.check()
        await self._processes.check()

    async def start(self, container: ContainerSpec, is_called_off: Callable[[], bool] = never) -> StartedContainer:
        """Implement `Runtime.start`."""
        return await self._runtime_for(container).start(container, is_called_off)

    async def start_pause_container(self, container: ContainerSpec) -> None:
        """Implement `Runtime.start_pause_container`."""
        await self._images.start_pause_container(container)

    async def restart(self, container: ContainerSpec) -> StartedContainer:
        """Implement `Runtime.restart`."""
        return await self._runtime_for(container).restart(container)

    async def wait(self, name: str) -> ContainerExit:
        """Implement `Runtime.wait`."""
        return await self._runtime_of(name).wait(name)

    async def stop(self, name: str, grace: float) -> None:
        """Implement `Runtime.stop`."""
        await self._runtime_of(name).stop(name, grace)

    def logs(self, name: str, cursor: OutputCursor | None = None) -> AsyncGenerator[OutputLine, None]:
        """Implement `Runtime.logs`."""
        return self._runtime_of(name).logs(name, cursor)

    def health(self, container: ContainerSpec) -> AsyncGenerator[Health, None]:
        """Implement `Runtime.health`."""
        return self._runtime_for(container).health(container)

    async def remove(self, name: str) -> None:
        """Implement `Runtime.remove`."""
        await self._runtime_of(name).remove(name)

    async def names(self) -> frozenset[str]:
        """Implement `Runtime.names`."""
        return await self._processes.names() | await self._images.names()

    async def ended_names(self) -> frozenset[str]:
        """Implement `Runtime.ended_names`; return only plain processes if Docker does not answer."""
        try:
            images = await self._images.ended_names()
        except RuntimeUnavailable:
            images = frozenset()
        return await self._processes.ended_names() | images

    async def close(self) -> None:
        """Implement `Runtime.close`."""
        await self._processes.close()
        await self._images.close()

    def _runtime_for(self, container: ContainerSpec) -> Runtime:
        return self._processes if container.image is None else self._images

    def _runtime_of(self, name: str) -> Runtime:
        return self._processes if self._processes.has(name) else self._images
