"""Ask Docker about single containers, and wait for what it will report soon.

Guarantees that a container which does not exist is None, not an error. Waits are limited: what Docker has not reported
by then is not coming. See https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Container.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable

from aiodocker import Docker, DockerError
from aiodocker.containers import DockerContainer

from lamplighter.base.backoff import backoff_delays
from lamplighter.base.json_text import Json, dumps
from lamplighter.runtime.docker import container_state, create_request, daemon

_END_REPORT_SECONDS = 5.0
"""Seconds within which Docker reports the end of a container that has killed a health check."""
_REPORT_PAUSES = 0.05, 0.5
"""The first and the longest pause before Docker is asked again for what it will soon report."""


class ContainerInspector:
    """Finds the containers of one engine, and reads Docker's descriptions of them."""

    def __init__(self, docker: Docker, now: Callable[[], int]) -> None:
        self._docker = docker
        self._now = now

    def container(self, name: str) -> DockerContainer:
        """Return aiodocker's object for a container, by the name that the engine gave it."""
        return self._docker.containers.container(create_request.PREFIX + name)

    async def inspect(self, name: str) -> Json | None:
        """Return what Docker says about a container, or None if it does not exist."""
        with daemon.docker_errors():
            try:
                return await self.container(name).show()
            except DockerError as error:
                if error.status != 404:
                    raise
                return None

    async def inspect_until(self, name: str, is_complete: Callable[[Json | None], bool], seconds: float) -> Json | None:
        """Return what Docker says about a container, as soon as it is complete or the seconds have passed."""
        found = await self.inspect(name)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                for pause in backoff_delays(*_REPORT_PAUSES):
                    if is_complete(found):
                        break
                    await asyncio.sleep(pause)
                    found = await self.inspect(name)
        return found

    async def wait_until_ended(self, name: str, on_answer: Callable[[], object] = lambda: None) -> None:
        """Return when a container has ended, or if it does not run or does not exist.

        Docker answers at once (then `on_answer` is called), and completes its answer at the end.
        """
        address = f"{self._docker.docker_host}/containers/{create_request.PREFIX}{name}/wait?condition=not-running"
        with daemon.docker_errors():
            async with self._docker.session.post(address) as response:
                if response.status != 404:
                    response.raise_for_status()
                    on_answer()
                    await response.read()

    async def has_ended(self, name: str) -> bool:
        """Return whether a container has ended or does not exist."""
        found = await self.inspect(name)
        return found is None or container_state.container_exit(found, self._now()) is not None

    async def is_ending(self, name: str, found: Json) -> bool:
        """Return whether the last health check failed because the container is ending, or has ended meanwhile."""
        if not container_state.is_check_killed(found):
            return False
        try:
            async with asyncio.timeout(_END_REPORT_SECONDS):
                await self.wait_until_ended(name)
        except TimeoutError:
            return False
        return True

    async def changes(self, name: str) -> AsyncGenerator[Json | None, None]:
        """Yield what Docker says about a container: at first, and whenever its health changes or it ends."""
        filters = dumps({"container": [create_request.PREFIX + name], "event": ["health_status", "die"]})
        with daemon.docker_errors():
            address = f"{self._docker.docker_host}/events"
            async with self._docker.session.get(address, params={"filters": filters}) as response:
                response.raise_for_status()
                yield await self.inspect(name)
                async for _ in response.content:
                    yield await self.inspect(name)
