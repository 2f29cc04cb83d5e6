"""One engine: the services that answer, the store that keeps, the pump that makes it go, wired together here."""

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

from botocore.model import ServiceModel

from lamplighter.base.jsontext import Json
from lamplighter.base.world import World, real_world
from lamplighter.bus import Bus, Caller, Service, forever
from lamplighter.engine.config import Config, RuntimeChoice
from lamplighter.engine.pump import Pump
from lamplighter.outbound.aws import Remote
from lamplighter.runtime.docker import DockerRuntime
from lamplighter.runtime.either import EitherRuntime
from lamplighter.runtime.port import Runtime
from lamplighter.runtime.process import ProcessRuntime
from lamplighter.services.ecs.service import Ecs
from lamplighter.services.logs.api import Logs
from lamplighter.services.states.api import States
from lamplighter.store import identity
from lamplighter.store.db import Store, damaged
from lamplighter.wire.catalog import Catalog
from lamplighter.wire.shapes import SERVICES

log = logging.getLogger("lamplighter.engine")


class Engine:
    """Made by `open`, which takes up what the last engine on this data directory left."""

    def __init__(self, config: Config, world: World, store: Store, runtime: Runtime) -> None:
        self.config = config
        self.world = world
        self.store = store
        self.runtime = runtime
        self.catalog = Catalog()
        self.bus = Bus(store)
        remote = Remote(config.endpoints)
        states = States(self.bus, world, lambda service: self._model(remote, service), remote)
        ecs = Ecs(self.bus, store, world, runtime, config.data)
        self.services: dict[str, Service] = {service.name: service for service in (states, ecs, Logs(world))}
        for service in self.services.values():
            self.bus.serve(service.name, service.operations)
        self.pump = Pump(store, world, self.services)

    def _model(self, remote: Remote, service: str) -> ServiceModel:
        return self.catalog.service(service).model if service in SERVICES else remote.model(service)

    @classmethod
    async def open(cls, config: Config, world: World | None = None, runtime: Runtime | None = None) -> "Engine":
        """Start an engine; `world` and `runtime` are given by tests."""
        clocks = world or real_world()
        store = Store(config.data, clocks)
        try:
            name = await store.write(lambda tx: identity.engine(tx, clocks.uuid))
            engine = cls(config, clocks, store, runtime or _runtime(config, name, clocks))
            for service in engine.services.values():
                await service.start()
            await engine.pump.start()
        except sqlite3.DatabaseError as error:
            await store.close()
            raise damaged(config.data, error) from error
        except BaseException:
            await store.close()
            raise
        return engine

    async def call(
        self, caller: Caller, service: str, operation: str, params: Json, left: Callable[[], Awaitable[None]] = forever
    ) -> Json:
        """Have an operation of a service done; `left` raises when there is no more use in an answer."""
        return await self.bus.call(caller, service, operation, params, left)

    async def close(self) -> None:
        """Stop; whatever runs goes on, and is taken up by the next engine."""
        await self.pump.stop()
        for service in self.services.values():
            await service.stop()
        await self.runtime.close()
        await self.store.close()


def _runtime(config: Config, name: str, world: World) -> Runtime:
    processes = ProcessRuntime(_absolute(config.data) / "processes", world.now)
    if config.runtime is RuntimeChoice.PROCESS:
        return processes
    docker = DockerRuntime(name, world.now)
    return docker if config.runtime is RuntimeChoice.DOCKER else EitherRuntime(docker, processes)


def _absolute(path: Path) -> Path:
    return path.resolve()
