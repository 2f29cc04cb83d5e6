"""Run containers under Docker.

Guarantees everything that `Runtime` guarantees, at the cost of `docker run`: two requests to start a container, two to
learn its exit. If Docker goes away and returns, calls that wait or read output repeat their requests. Rejects a
container without this engine's label. Restarts no container by itself. Images are pulled with the credentials of
`docker login`.
"""

import asyncio
import contextlib
import logging
import math
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import TypeVar

import aiohttp
from aiodocker import DockerError

from lamplighter.base.backoff import backoff_delays
from lamplighter.base.errors import Bug
from lamplighter.base.json_text import Json, dumps
from lamplighter.runtime.docker import container_state, create_request, daemon, free_ports, log_stream, registry_logins
from lamplighter.runtime.docker.container_inspector import ContainerInspector
from lamplighter.runtime.docker.log_place import LogPlace
from lamplighter.runtime.docker.marked_paths import resolve_mounts
from lamplighter.runtime.docker.pause_image import PauseImage, make_pause_image, with_pause_program
from lamplighter.runtime.output_cursor import OutputCursor
from lamplighter.runtime.output_line import OutputLine
from lamplighter.runtime.port import (
    CannotStart,
    ContainerExit,
    ContainerSpec,
    Health,
    NamespacesEnded,
    Port,
    RuntimeUnavailable,
    StartCalledOff,
    StartedContainer,
    check_not_called_off,
    never,
)

log = logging.getLogger("lamplighter.docker")
T = TypeVar("T")

ENGINE_LABEL = "lamplighter.engine"
_START_GRACE_SECONDS = 0.25
"""Seconds in which a killed engine's last request may still reach the daemon; only then is a start repeated."""
_CREATE_SECONDS = 10.0
"""Seconds in which Docker shows a container whose name it has already reserved: it writes its files meanwhile."""
_OOM_REPORT_SECONDS = 2.0
"""Seconds within which Docker reports that a killed container had exceeded its memory, even after its exit."""
_MAX_PORT_CHOICES = 5
_REFUSAL_PAUSE_SECONDS = 1.0
"""The pause before a start is repeated once that Docker refused without saying whether the container is the reason."""
_VERSION_TIMEOUT = 10


class DockerRuntime:
    """Runs the containers of one engine; create it inside a running event loop."""

    def __init__(
        self,
        engine: str,
        now: Callable[[], int],
        address: str | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._engine = engine
        self._now = now
        self._environment = environment
        """The environment variables with which the `docker` command finds its configuration."""
        self._docker = daemon.connect(address)
        self._inspector = ContainerInspector(self._docker, now)
        self._pause_image: PauseImage | None = None
        """The image of pause containers for Docker's machine; None before the first one."""
        self._unanswered: dict[str, RuntimeUnavailable] = {}
        """Why `wait` cannot wait now, by the names of the containers."""

    async def check(self) -> None:
        """Implement `Runtime.check`."""
        with daemon.docker_errors():
            async with asyncio.timeout(_VERSION_TIMEOUT):
                await self._docker.version()
        for error in self._unanswered.values():
            raise error

    async def start(self, container: ContainerSpec, is_called_off: Callable[[], bool] = never) -> StartedContainer:
        """Implement `Runtime.start`."""
        if container.image is None:
            raise CannotStart(
                "CannotCreateContainerError: the container has no image: "
                "name one, or run it as a plain process with --runtime auto"
            )
        return await self._ask_twice(container, lambda: self._start_on_free_ports(container, is_called_off))

    async def _ask_twice(self, container: ContainerSpec, start: Callable[[], Awaitable[T]]) -> T:
        """Start a container, and repeat that once after a refusal without a clear reason.

        If Docker still answers what it knows about the container, the second refusal is its word about this start.
        """
        try:
            return await start()
        except daemon.UnclearRefusal:
            await self._inspector.inspect(container.name)
        await asyncio.sleep(_REFUSAL_PAUSE_SECONDS)
        try:
            return await start()
        except daemon.UnclearRefusal as error:
            await self._inspector.inspect(container.name)
            raise error.refusal from error

    async def _start_on_free_ports(
        self, container: ContainerSpec, is_called_off: Callable[[], bool]
    ) -> StartedContainer:
        choices, tried = 1, frozenset[int]()
        while True:
            chosen = free_ports.with_free_ranges(container, tried)
            try:
                return await self._start(container, chosen, is_called_off)
            except daemon.PortTaken:
                if chosen is container or choices == _MAX_PORT_CHOICES:
                    raise
            choices += 1
            tried |= free_ports.chosen_numbers(container, chosen)
            await self.remove(container.name)

    async def _start(
        self, container: ContainerSpec, chosen: ContainerSpec, is_called_off: Callable[[], bool]
    ) -> StartedContainer:
        """Start a container, or adopt one of its name; a new one has the ports of `chosen`."""
        with daemon.docker_errors():
            pull_started_at = pull_stopped_at = None
            try:
                runtime_id = await self._create(chosen)
            except daemon.ImageMissing:
                if await self._inspector.inspect(container.name):  # it exists, but its image was removed since
                    return await self._adopt(container, is_called_off)
                pull_started_at = self._now()
                await self._pull(container)
                pull_stopped_at = self._now()
                check_not_called_off(container, is_called_off)
                runtime_id = await self._create(chosen)
            if runtime_id is None:
                return await self._adopt(container, is_called_off)
            digest = asyncio.create_task(self._digest(container))  # takes no extra time while the container starts
            try:
                await self._launch(container, is_called_off)
            finally:
                image_digest = await digest
            ports = await self._ports(container)
            return StartedContainer(runtime_id, self._now(), image_digest, pull_started_at, pull_stopped_at, ports)

    async def start_pause_container(self, container: ContainerSpec) -> None:
        """Implement `Runtime.start_pause_container`."""
        await self._ask_twice(container, lambda: self._start_pause_container(container))

    async def _start_pause_container(self, container: ContainerSpec) -> None:
        with daemon.docker_errors():
            if self._pause_image is None:
                self._pause_image = make_pause_image((await self._docker.version())["Arch"])
            container = with_pause_program(container, self._pause_image)
            try:
                await self._create(container)
            except daemon.ImageMissing:
                await self._load_pause_image(self._pause_image)
                await self._create(container)
            await self._restart(container)  # which also starts one that has never run

    async def _load_pause_image(self, image: PauseImage) -> None:
        try:
            await self._docker.images.import_image(image.archive)
        except DockerError as error:
            raise daemon.create_error(error) from error

    async def restart(self, container: ContainerSpec) -> StartedContainer:
        """Implement `Runtime.restart`."""
        return await self._ask_twice(container, lambda: self._restart(container))

    async def _restart(self, container: ContainerSpec) -> StartedContainer:
        with daemon.docker_errors():
            try:
                await self._begin(container)
            except DockerError as error:
                if await self._have_namespaces_ended(container):
                    raise _namespaces_ended(container) from error
                raise daemon.start_error(error) from error
            return await self._adopt(container, never)

    async def _begin(self, container: ContainerSpec) -> None:
        """Start a container. Docker follows links only now: so look at them before and after it does."""
        found = self._inspector.container(container.name)
        try:
            await asyncio.to_thread(resolve_mounts, container)
            await found.start()
            await asyncio.to_thread(resolve_mounts, container)
        except CannotStart:
            await found.delete(force=True, v=True)
            raise

    async def _ports(self, container: ContainerSpec) -> tuple[Port, ...]:
        found = await self._inspector.inspect(container.name) if container.ports else None
        return () if found is None else container_state.host_ports(container, found)

    async def _create(self, container: ContainerSpec) -> str | None:
        """Create the container and return its id, or None if a container of this name exists."""
        container = await asyncio.to_thread(resolve_mounts, container)
        body = create_request.create_request(container, {ENGINE_LABEL: self._engine})
        try:
            made = await self._docker.containers.create(body, name=create_request.PREFIX + container.name)
        except DockerError as error:
            if error.status == 409:
                return None
            raise daemon.create_error(error) from error
        return made.id

    async def _pull(self, container: ContainerSpec) -> None:
        """Pull the image as the `docker` command does.

        If the login cannot be read, pull without one; if the registry then refuses, the error states why the login is
        missing.
        """
        image, login, login_error = str(container.image), None, None
        try:
            login = await registry_logins.find_login(image, self._environment)
        except registry_logins.LoginUnreadable as error:
            login_error = str(error)
        try:
            await self._pull_as(image, login)
        except DockerError as error:
            raise daemon.pull_error(error, login_error) from error

    async def _pull_as(self, image: str, login: registry_logins.RegistryLogin | None) -> None:
        if login is None:
            await self._docker.images.pull(image)
        else:
            await self._docker.images.pull(registry_logins.full_image_name(image), auth=login.auth)

    async def _launch(self, container: ContainerSpec, is_called_off: Callable[[], bool]) -> None:
        """Start a container that was created and has never run; remove it if its start was called off."""
        try:
            check_not_called_off(container, is_called_off)
            await self._begin(container)
        except StartCalledOff:
            await self.remove(container.name)
            raise
        except DockerError as error:
            await self._check_namespaces(container)
            found = await self._inspector.inspect(container.name)
            if found is not None and (why := container_state.start_failure(found)):
                raise daemon.start_failure(why) from error
            raise daemon.start_error(error) from error

    async def _check_namespaces(self, container: ContainerSpec) -> None:
        """Raise `NamespacesEnded` if a container that did not start shares the namespaces of one that has ended."""
        if await self._have_namespaces_ended(container):
            await self.remove(container.name)
            raise _namespaces_ended(container)

    async def _have_namespaces_ended(self, container: ContainerSpec) -> bool:
        owner = container.namespace_owner
        return owner is not None and await self._inspector.has_ended(owner)

    async def _adopt(self, container: ContainerSpec, is_called_off: Callable[[], bool]) -> StartedContainer:
        found = await self._inspector.inspect_until(container.name, lambda found: found is not None, _CREATE_SECONDS)
        if found is not None and container_state.is_new(found):
            await asyncio.sleep(_START_GRACE_SECONDS)
            found = await self._inspector.inspect(container.name)
        if found is None:
            raise RuntimeUnavailable(
                f"Docker reports that the name {container.name} is in use, but shows no such container"
            )
        if found["Config"]["Labels"].get(ENGINE_LABEL) != self._engine:
            raise CannotStart(f"CannotCreateContainerError: {container.name} belongs to another engine")
        if why := container_state.start_failure(found):
            await self._check_namespaces(container)
            raise daemon.start_failure(why)
        started_at = container_state.started_at(found)
        if container_state.is_new(found):
            await self._launch(container, is_called_off)
            started_at = self._now()
        digest, ports = await self._digest(container), await self._ports(container)
        return StartedContainer(found["Id"], started_at, digest, ports=ports)

    async def _digest(self, container: ContainerSpec) -> str | None:
        """Return the registry's digest of the image, or Docker's own id if the image came from no registry."""
        try:
            image: Json = await self._docker.images.inspect(str(container.image))
        except (DockerError, aiohttp.ClientError):
            return None
        known = [digest.partition("@")[2] for digest in image.get("RepoDigests") or ()]
        return str(known[0] if known else image["Id"])

    async def wait(self, name: str) -> ContainerExit:
        """Implement `Runtime.wait`."""
        pauses = backoff_delays(*daemon.RETRY_SECONDS)
        try:
            while True:
                try:
                    ended = await self._wait_for_exit(name)
                    if ended is not None:
                        return ended
                except RuntimeUnavailable as error:
                    self._unanswered[name] = error
                await asyncio.sleep(next(pauses))
        finally:
            self._unanswered.pop(name, None)

    async def _wait_for_exit(self, name: str) -> ContainerExit | None:
        if name in self._unanswered:  # it is answered again when both requests are, not only the first of them
            await self._inspector.inspect(name)
        await self._inspector.wait_until_ended(name, lambda: self._unanswered.pop(name, None))
        found = await self._inspector.inspect_until(name, container_state.has_reason_of_exit, _OOM_REPORT_SECONDS)
        if found is None:
            return ContainerExit(None, self._now(), "there is no such container: the exit code is unknown")
        return container_state.container_exit(found, self._now())

    async def stop(self, name: str, grace: float) -> None:
        """Implement `Runtime.stop`; the grace period is rounded up to whole seconds, as Docker requires."""
        with daemon.docker_errors(), daemon.ignore_status(404):
            await self._inspector.container(name).stop(t=math.ceil(grace))

    async def logs(self, name: str, cursor: OutputCursor | None = None) -> AsyncGenerator[OutputLine, None]:
        """Implement `Runtime.logs`."""
        cursor = OutputCursor() if cursor is None else cursor
        place = LogPlace(cursor.place)
        pauses = backoff_delays(*daemon.RETRY_SECONDS)
        has_ended = False
        while True:
            try:
                async with contextlib.aclosing(self._frames(name, place)) as stream:
                    async for frame in stream:
                        place.pass_frame(frame, is_within_line=cursor.is_within_line)
                        cursor.place = place.document
                        for line in cursor.add(frame.time, frame.stream, frame.piece, complete=frame.complete):
                            yield line
                if has_ended:
                    break
                found = await self._inspector.inspect(name)
                if found is None:
                    return  # nothing more, not even the begun part of a line: a removed container has no output
                if container_state.container_exit(found, self._now()) is not None:
                    has_ended = True  # only what is read from now on is complete: github.com/moby/moby/issues/43860
                    continue  # otherwise the output has ended, without an error, because Docker stops
            except RuntimeUnavailable:
                pass
            await asyncio.sleep(next(pauses))
        for line in cursor.flush():
            yield line

    async def _frames(self, name: str, place: LogPlace) -> AsyncGenerator[log_stream.LogFrame, None]:
        """Yield all frames written so far after a place, then follow until the container exits or Docker goes away."""
        address = f"{self._docker.docker_host}/containers/{create_request.PREFIX}{name}/logs"
        query = {"follow": "1", "stdout": "1", "stderr": "1", "timestamps": "1", **place.query}
        frames_read = place.frames
        with daemon.docker_errors():
            async with self._docker.session.get(address, params=query) as response:
                if response.status == 404:
                    return
                if response.status == 501:  # the options of its log driver disable the copy that Docker keeps
                    if not frames_read:
                        yield log_stream.unreadable_line((await response.json())["message"], self._now())
                    return
                response.raise_for_status()
                has_terminal = response.content_type == log_stream.TERMINAL_TYPE
                read = log_stream.read_terminal if has_terminal else log_stream.read_frames
                async for frame in read(response.content, self._now):
                    if frames_read:
                        frames_read -= 1
                    else:
                        yield frame

    async def health(self, container: ContainerSpec) -> AsyncGenerator[Health, None]:
        """Implement `Runtime.health`: Docker runs the checks, also while no engine runs."""
        last: Health = "UNKNOWN"
        pauses = backoff_delays(*daemon.RETRY_SECONDS)
        while True:
            with contextlib.suppress(RuntimeUnavailable):
                async with contextlib.aclosing(self._inspector.changes(container.name)) as changes:
                    async for found in changes:
                        if found is None or container_state.container_exit(found, self._now()) is not None:
                            return
                        if (health := container_state.health(found)) != last:
                            if health == "UNHEALTHY":
                                if await self._inspector.is_ending(container.name, found):
                                    return
                                failure = container_state.failed_check(found)
                                log.warning("%s is unhealthy: its health check %s", container.name, failure)
                            last = health
                            yield health
            await asyncio.sleep(next(pauses))

    async def remove(self, name: str) -> None:
        """Implement `Runtime.remove`."""
        try:
            with daemon.docker_errors(), daemon.ignore_status(404):
                await self._inspector.container(name).delete(v=True)
        except DockerError as error:
            if error.status != 409:
                raise
            if "in progress" not in error.message:
                raise Bug(f"the container {name} still runs and cannot be removed") from error

    async def names(self) -> frozenset[str]:
        """Implement `Runtime.names`."""
        return await self._list_names({})

    async def ended_names(self) -> frozenset[str]:
        """Implement `Runtime.ended_names`."""
        return await self._list_names({"status": ["exited", "dead"]})

    async def _list_names(self, more_filters: Json) -> frozenset[str]:
        filters = dumps({"label": [f"{ENGINE_LABEL}={self._engine}"], **more_filters})
        with daemon.docker_errors():
            found = await self._docker.containers.list(all=1, filters=filters)
        return frozenset(each["Names"][0].removeprefix(f"/{create_request.PREFIX}") for each in found)

    async def close(self) -> None:
        """Implement `Runtime.close`."""
        await self._docker.close()


def _namespaces_ended(container: ContainerSpec) -> NamespacesEnded:
    return NamespacesEnded(f"{container.namespace_owner}, whose namespaces {container.name} shares, has ended")
