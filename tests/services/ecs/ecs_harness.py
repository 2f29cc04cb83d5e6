"""A small engine: ECS with a real database, a fake runtime and a manual clock; the harness handles its outbox rows."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from lamplighter.base.aws import secret_references
from lamplighter.base.aws.service_model import ServiceModel, Shape, read_definition
from lamplighter.base.json_text import Json
from lamplighter.bus import Bus, Caller, Event
from lamplighter.outbound.aws import RemoteServices
from lamplighter.services.ecs.capacity import CapacityLimits
from lamplighter.services.ecs.service import Ecs
from lamplighter.store import outbox
from lamplighter.store.db import CommitSignals, Store
from tests.fake_runtime import FakeRuntime
from tests.manual_world import ManualClock, manual_world

CALLER = Caller("123456789012", "eu-central-1")
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1", "subnet-2"], "securityGroups": ["sg-1"]}}
FARGATE = {
    "family": "night",
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "cpu": "256",
    "memory": "512",
    "containerDefinitions": [{"name": "job", "image": "busybox"}],
}
RUN_TASK = {"taskDefinition": "night", "launchType": "FARGATE", "networkConfiguration": NETWORK}


MODEL = ServiceModel(read_definition("ecs"))
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str, "integer": int, "long": int, "boolean": bool, "timestamp": float, "double": (int, float),
}  # fmt: skip


def check_shape(shape: Shape, value: Json, path: str) -> None:
    """Fail if a value does not match a shape of the API model."""
    if shape.type_name == "structure":
        assert set(value) <= set(shape.members), f"{path}: {set(value) - set(shape.members)}"
        for name, inner in value.items():
            check_shape(shape.members[name], inner, f"{path}.{name}")
    elif shape.type_name == "list":
        for item in value:
            check_shape(shape.member, item, f"{path}[]")
    elif shape.type_name == "map":
        assert isinstance(value, dict), path
    else:
        assert isinstance(value, TYPES[shape.type_name]), f"{path} is {value!r}"


class EcsHarness:
    """One data directory and one runtime, on which a test builds and kills engines."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = ManualClock()
        self.world = manual_world(self.clock)
        self.runtime = FakeRuntime(self.clock.now)
        self.secrets: dict[str, str] = {}
        self.limits = CapacityLimits()
        self.remote = RemoteServices({})
        self.deny = frozenset[str]()
        self.pause_seconds = 0.0
        """How long a wait pauses before it looks again; real containers need the processor meanwhile."""
        self.events: list[Event] = []
        self.commits = 0
        self.crash_at: int | None = None
        self.store = Store(directory, self.world)
        self.store.on_commit = self.handle_commit
        self.build_engine()

    def build_engine(self) -> None:
        self.bus = Bus(self.store)
        self.bus.subscribe("aws.ecs", lambda _tx, event: self.events.append(event))
        self.ecs = Ecs(
            self.bus,
            self.world,
            self.runtime,
            self.directory,
            self.remote,
            limits=lambda _of_file: self.limits,
            deny=self.deny,
            secrets=secret_references.environment_secrets(self.secrets),
            pause=lambda _seconds: asyncio.sleep(0),
        )
        self.bus.serve("ecs", self.ecs.operations)

    def handle_commit(self, signals: CommitSignals) -> None:
        self.commits += 1
        if self.commits == self.crash_at:
            self.kill_engine()
            return
        for row in signals.outbox_rows:
            self.ecs.supervisors.spawn(self.ecs.handle_outbox_row(row))

    def kill_engine(self) -> None:
        """Kill the engine as `kill -9` does: the disk and the runtime remain."""
        self.crash_at = None
        for running in list(self.ecs.supervisors.running):
            running.cancel()
        self.store._waiting.clear()

    async def restart(self) -> None:
        self.kill_engine()
        await asyncio.gather(*self.ecs.supervisors.running, return_exceptions=True)
        self.build_engine()
        await self.ecs.start()
        for row in outbox.pending_rows(self.store.reader):
            await self.ecs.handle_outbox_row(row)

    async def ecs_call(self, operation: str, **params: Json) -> Json:
        """Call an operation and check that its answer matches the shape in AWS's model."""
        answer = await self.bus.call(CALLER, "ecs", operation, params)
        shape = MODEL.operation_model(operation).output_shape
        assert shape is not None
        check_shape(shape, answer, operation)
        return answer

    async def run_task(self, **params: Json) -> str:
        answer = await self.ecs_call("RunTask", **(RUN_TASK | params))
        assert answer["failures"] == []
        return str(answer["tasks"][0]["taskArn"])

    async def register_and_run_task(self, *, definition: Json = FARGATE, **params: Json) -> str:
        await self.ecs_call("RegisterTaskDefinition", **definition)
        return await self.run_task(**params)

    async def describe_task(self, arn: str) -> Json:
        cluster = arn.split("/")[1]
        return (await self.ecs_call("DescribeTasks", cluster=cluster, tasks=[arn], include=["TAGS"]))["tasks"][0]

    async def wait_until(self, ready: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not ready():  # noqa: ASYNC110 - no event reports the change
                await asyncio.sleep(self.pause_seconds)

    async def wait_for_status(self, arn: str, status: str) -> Json:
        async with asyncio.timeout(60):
            while (task := await self.describe_task(arn))["lastStatus"] != status:  # noqa: ASYNC110
                await asyncio.sleep(self.pause_seconds)
        return task

    async def wait_for_health(self, arn: str, container: str, health: str) -> Json:
        """Wait until a container has a health, and return the task."""
        async with asyncio.timeout(60):
            task = await self.describe_task(arn)
            while (container, health) not in [(each["name"], each["healthStatus"]) for each in task["containers"]]:
                await asyncio.sleep(self.pause_seconds)
                task = await self.describe_task(arn)
        return task

    async def wait_for_end(self, arn: str) -> Json:
        """Wait until the task has stopped and its containers are gone, and return the task."""
        task = await self.wait_for_status(arn, "STOPPED")
        await self.wait_until(lambda: not self.ecs.supervisors.by_task)
        return task

    def container_name(self, arn: str, container: str = "job") -> str:
        return f"{arn.rpartition('/')[2]}-{container}"

    def statuses(self) -> list[tuple[str, int]]:
        return [(event.detail["lastStatus"], event.detail["version"]) for event in self.events]


def fargate_definition(*definitions: Json) -> Json:
    """Return a Fargate task definition with these containers."""
    return FARGATE | {"containerDefinitions": [{"image": "busybox"} | definition for definition in definitions]}
