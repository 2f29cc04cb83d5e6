"""What the contract tests of a runtime need besides the port: describe a container, and restart the engine."""

import asyncio
import itertools
import os
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from lamplighter.base.world import real_world
from lamplighter.engine.lazy.lazy_runtime import LazyRuntime
from lamplighter.runtime.port import CannotStart, ContainerSpec, HealthCheck, Mount, Runtime
from lamplighter.runtime.process.runtime import ProcessRuntime
from tests.fake_runtime import FakeRuntime, Script
from tests.manual_world import ManualClock

GATE = "cat $GATE > /dev/null"
"""A command that waits until the test calls `release`."""


HEALTH_CHECK = HealthCheck(
    ("CMD-SHELL", 'test -f "$GATE.healthy"'), interval=0.05, timeout=30, retries=1, start_period=600
)
"""A check of `Rig.set_health`; its failures count after its first success."""


class Rig(Protocol):
    runtime: Runtime

    def container(self, script: str, fake: Script = ..., **fields: object) -> ContainerSpec:
        """Describe a container that runs a shell script; the fake runtime plays `fake` instead."""

    def unstartable(self) -> ContainerSpec:
        """Describe a container whose command does not exist."""

    async def release(self, container: ContainerSpec, code: int) -> None:
        """Let a container that waits at its gate continue; it then exits with this code."""

    def set_health(self, container: ContainerSpec, *, healthy: bool) -> None:
        """Let the checks of a container with `HEALTH_CHECK` succeed or fail."""

    async def stop(self, name: str, grace: float) -> None:
        """Stop a container; if the rig has a manual clock, let the grace period pass."""

    async def restart(self) -> Runtime:
        """Close the runtime, and return that of a new engine."""


class RealRig:
    """A rig of Docker or of plain processes: scripts really run, and the gates are FIFOs."""

    def __init__(self, make: Callable[[], Runtime], gates: Path, image: str | None) -> None:
        self._make = make
        self._gates = gates
        self._image = image
        self.runtime = make()

    def container(self, script: str, fake: Script = Script(), **fields: object) -> ContainerSpec:  # noqa: B008 - frozen
        return self._container(**{"command": ("sh", "-c", script), **fields})

    def unstartable(self) -> ContainerSpec:
        return self._container(command=("no-such-program",))

    def _container(self, **fields: object) -> ContainerSpec:
        name = f"test-{uuid.uuid4()}"
        os.mkfifo(self._gates / name)
        inside = "/gates" if self._image else str(self._gates)
        mounts = (Mount(str(self._gates), inside),) if self._image else ()
        given: dict[str, object] = {"mounts": mounts, "image": self._image, **fields}
        environment = {"GATE": f"{inside}/{name}", **(given.pop("environment", None) or {})}  # type: ignore[dict-item]
        return ContainerSpec(name=name, environment=environment, **given)  # type: ignore[arg-type]

    async def release(self, container: ContainerSpec, code: int) -> None:
        await asyncio.to_thread((self._gates / container.name).write_text, "")

    def set_health(self, container: ContainerSpec, *, healthy: bool) -> None:
        mark = self._gates / f"{container.name}.healthy"
        if healthy:
            mark.touch()
        else:
            mark.unlink()

    async def stop(self, name: str, grace: float) -> None:
        await self.runtime.stop(name, grace)

    async def restart(self) -> Runtime:
        await self.runtime.close()
        self.runtime = self._make()
        return self.runtime


class FakeRig:
    """A rig of the fake runtime, which outlives engines; the test controls the time."""

    def __init__(self) -> None:
        self._clock = ManualClock()
        self._fake = FakeRuntime(self._clock.now)
        self._numbers = itertools.count(1)
        self.runtime: Runtime = self._fake

    def container(self, script: str, fake: Script = Script(), **fields: object) -> ContainerSpec:  # noqa: B008 - frozen
        name = f"test-{next(self._numbers)}"
        self._fake.script(fake, lambda container: container.name == name)
        return ContainerSpec(name=name, image="any")

    def unstartable(self) -> ContainerSpec:
        return self.container("", Script(failure=CannotStart("CannotStartContainerError: no-such-program")))

    async def release(self, container: ContainerSpec, code: int) -> None:
        self._fake.finish(container.name, code)

    def set_health(self, container: ContainerSpec, *, healthy: bool) -> None:
        self._fake.set_health(container.name, "HEALTHY" if healthy else "UNHEALTHY")

    async def stop(self, name: str, grace: float) -> None:
        stopping = asyncio.create_task(self._fake.stop(name, grace))
        await asyncio.sleep(0)
        self._clock.advance(round(grace * 1000))
        self._fake.settle()
        await stopping

    async def restart(self) -> Runtime:
        await self.runtime.close()
        return self.runtime


def lazy_docker(engine: str, now: Callable[[], int]) -> Runtime:
    """Return Docker's runtime as an engine has it: it is loaded with its first use."""
    return LazyRuntime("lamplighter.runtime.docker.runtime:DockerRuntime", lambda build: build(engine, now))


@asynccontextmanager
async def rig(kind: str, directory: Path, image: str | None) -> AsyncIterator[Rig]:
    """Yield a rig; afterwards stop and remove its containers."""
    gates = directory / "gates"
    gates.mkdir()
    engine, now = f"test-{uuid.uuid4()}", real_world().now
    opened: Rig
    if kind == "docker":
        opened = RealRig(lambda: lazy_docker(engine, now), gates, image)
    elif kind == "process":
        opened = RealRig(lambda: ProcessRuntime(directory / "processes", now), gates, None)
    else:
        opened = FakeRig()
    yield opened
    for name in await opened.runtime.names():
        await opened.stop(name, 0)
        await opened.runtime.remove(name)
    await opened.runtime.close()
