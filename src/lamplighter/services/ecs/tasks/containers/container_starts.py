"""Start the containers of one task, each after the pause container whose namespaces it shares.

Guarantees that a start, or a restart, that was called off while the runtime did not answer starts nothing. The timeout
of the state that waits for the task is held from the first start that fails so (`runtime_outage.py`). The runtime words
a start that fails as ECS does (`CannotPullContainerError: …`).
"""

from collections.abc import Awaitable, Callable
from functools import partial

from lamplighter.runtime.port import (
    ContainerSpec,
    NamespacesEnded,
    RuntimeUnavailable,
    StartedContainer,
    cannot_start,
    check_not_called_off,
    never,
)
from lamplighter.services.ecs.tables import tasks
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.services.ecs.tasks import called_off
from lamplighter.services.ecs.tasks.runtime_retry import retry_while_unavailable
from lamplighter.services.ecs.tasks.supervisor_context import SupervisorContext

Start = Callable[[], Awaitable[StartedContainer]]


class ContainerStarts:
    """The starts of the containers of one task; `pause_container` is the one whose namespaces they share, if any."""

    def __init__(self, context: SupervisorContext, task: Task, pause_container: ContainerSpec | None) -> None:
        self._context = context
        self._arn = task.arn
        self._created: int = task.body["createdAt"]
        self._pause_container = pause_container
        self._has_pause_container = False
        """True if the pause container is known to have been started."""

    def is_stop_ordered(self) -> bool:
        """Return whether the order to stop the task is on disk."""
        return tasks.statuses(self._context.bus.store.reader, self._arn)[1] == "STOPPED"

    def is_called_off(self) -> bool:
        """Return whether no container of the task may start any more."""
        return called_off.is_called_off(self._context.bus, self._arn, self._context.world.now() - self._created)

    async def start(self, container: ContainerSpec) -> StartedContainer:
        """Start a container as soon as the runtime answers. Raises what `Runtime.start` raises."""
        start = partial(self._context.runtime.start, container, self.is_called_off)

        async def start_or_hold() -> StartedContainer:
            try:
                return await self._start_with_namespaces(start)
            except RuntimeUnavailable:
                await self._context.outage_watch.hold_task(self._arn)
                self._context.on_unavailable()
                raise

        return await self._retry(container, start_or_hold, self.is_called_off)

    async def restart(self, container: ContainerSpec) -> StartedContainer:
        """Restart a container as soon as the runtime answers. Raises what `Runtime.restart` raises."""
        restart = partial(self._start_with_namespaces, partial(self._context.runtime.restart, container))
        return await self._retry(container, restart, self.is_stop_ordered)

    async def adopt(self, container: ContainerSpec) -> StartedContainer:
        """Return the start of a container that an earlier engine started; complete a restart that it began."""
        adopt = partial(self._start_with_namespaces, partial(self._context.runtime.start, container))
        return await self._retry(container, adopt, never)

    async def _retry(
        self, container: ContainerSpec, start: Start, is_called_off: Callable[[], bool]
    ) -> StartedContainer:
        async def start_unless_called_off() -> StartedContainer:
            check_not_called_off(container, is_called_off)
            return await start()

        return await retry_while_unavailable(self._context.pause, start_unless_called_off)

    async def _start_with_namespaces(self, start: Start) -> StartedContainer:
        """Start a container after the pause container, which also starts again if it has ended, as with Docker."""
        if not self._has_pause_container:
            await self._start_pause_container()
        try:
            return await start()
        except NamespacesEnded:
            await self._start_pause_container()
        try:
            return await start()
        except NamespacesEnded as error:
            raise cannot_start(str(error)) from error

    async def _start_pause_container(self) -> None:
        if self._pause_container is not None:
            await self._context.runtime.start_pause_container(self._pause_container)
        self._has_pause_container = True
