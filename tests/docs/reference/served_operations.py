"""Which operations of AWS an engine serves, and which there are by botocore's models."""

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lamplighter.base.aws.service_model import read_definition
from lamplighter.bus import Operation
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.wire.models.service_models import SERVICES
from tests.fake_runtime import FakeRuntime


@dataclass(frozen=True, slots=True)
class ServiceOperations:
    """The operations of one service."""

    title: str
    """The service's name as AWS writes it."""
    command: str
    """Its name in the AWS CLI and in botocore."""
    served: tuple[str, ...]
    missing: tuple[str, ...]


def service_operations() -> list[ServiceOperations]:
    """Return the operations of each service, in the order in which the services are listed in the program."""
    found = operations_on_bus()
    return [_compare(name, set(found[name])) for name in SERVICES]


def operations_on_bus() -> dict[str, Mapping[str, Operation]]:
    """Return the operations of all services of an engine, also those that AWS does not have, by the service's name."""
    return asyncio.run(_read())


async def _read() -> dict[str, Mapping[str, Operation]]:
    with tempfile.TemporaryDirectory() as folder:
        runtime = FakeRuntime(lambda: 0)
        engine = await Engine.open(EngineConfig(data_directory=Path(folder, "data")), runtime=runtime)
        try:
            services = engine.bus._services
            for name in sorted(services):
                await engine.bus.load(name)
            return dict(sorted(services.items()))
        finally:
            await engine.close()


def _compare(name: str, served: set[str]) -> ServiceOperations:
    command = SERVICES[name].model
    definition = read_definition(command)
    there = set(definition["operations"])
    title = definition["metadata"].get("serviceAbbreviation") or definition["metadata"]["serviceFullName"]
    return ServiceOperations(title, command, tuple(sorted(there & served)), tuple(sorted(there - served)))
