"""Which operations of AWS an engine serves, and which there are by botocore's models."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lamplighter.base.service_model import read_definition
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
    return asyncio.run(_read())


async def _read() -> list[ServiceOperations]:
    with tempfile.TemporaryDirectory() as folder:
        runtime = FakeRuntime(lambda: 0)
        engine = await Engine.open(EngineConfig(data_directory=Path(folder, "data")), runtime=runtime)
        try:
            return [_compare(name, set(engine.services[name].operations)) for name in SERVICES]
        finally:
            await engine.close()


def _compare(name: str, served: set[str]) -> ServiceOperations:
    command = SERVICES[name].model
    definition = read_definition(command)
    there = set(definition["operations"])
    title = definition["metadata"].get("serviceAbbreviation") or definition["metadata"]["serviceFullName"]
    return ServiceOperations(title, command, tuple(sorted(there & served)), tuple(sorted(there - served)))
