"""A data directory whose engines start, die and start again, on a manual clock and with a runtime that survives them.

A dead engine leaves what kill -9 leaves: the files as they were at that moment. Nothing of the dead engine runs again,
its locks are free, and the next engine finds the same containers.
"""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Self, TypeVar
from unittest import mock

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import World
from lamplighter.bus import Caller, Event
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.engine.file_descriptors import DESCRIPTOR_DIRECTORY
from lamplighter.isolation.port import Isolation
from lamplighter.outbound.port import Outbound
from lamplighter.runtime.port import ContainerSpec, Runtime
from lamplighter.store import db
from lamplighter.store.data_directory import LOCK, STEP_MARK
from lamplighter.store.db import Store, Tx
from tests.fake_disk import Death, Disk
from tests.fake_runtime import FakeRuntime
from tests.inline_isolation import InlineIsolation
from tests.manual_world import ManualClock, manual_world
from tests.virtual_loop import VirtualLoop

T = TypeVar("T")

ACCOUNT, REGION = "123456789012", "us-east-1"
CALLER = Caller(ACCOUNT, REGION)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/batch"
WITH_TOKEN: Json = {
    "Overrides": {
        "ContainerOverrides": [{"Name": "main", "Environment": [{"Name": "TOKEN", "Value.$": "$$.Task.Token"}]}]
    }
}
"""Parameters that hand the task token to the container."""
SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000


class EngineDied(Exception):
    """The engine died during a call."""


class RecordingRuntime(FakeRuntime):
    """A fake runtime that records the containers that it starts."""

    def __init__(self, now: Callable[[], int]) -> None:
        super().__init__(now)
        self.started: dict[str, ContainerSpec] = {}

    def _begin(self, container: ContainerSpec) -> None:
        self.started[container.name] = container
        super()._begin(container)

    def started_names(self) -> list[str]:
        """Return the names of the containers that really started, in order."""
        return [name for operation, name in self.calls if operation == "run"]

    def remaining(self) -> list[str]:
        """Return the names of the containers that were not removed."""
        return list(self._runs)


class RecordingEngine(Engine):
    """An engine that stores each event in the transaction that caused it, as the engine's own subscribers do."""

    def __init__(
        self,
        config: EngineConfig,
        world: World,
        store: Store,
        runtime: Runtime,
        outbound: Outbound | None = None,
        isolation: Isolation | None = None,
    ) -> None:
        super().__init__(config, world, store, runtime, outbound, isolation or InlineIsolation())
        self.bus.subscribe("*", _store_event)
        self.serve_stubs()

    def serve_stubs(self) -> None:
        """Serve operations that the tests replace by stubs; a subclass overrides this."""


def _store_event(tx: Tx, event: Event) -> None:
    tx.execute("CREATE TABLE IF NOT EXISTS published_events (id INTEGER PRIMARY KEY, body)")
    body = {name: getattr(event, name) for name in ("source", "detail_type", "time", "resources", "detail")}
    tx.insert("INSERT INTO published_events (body) VALUES (?)", (dumps(body),))


class EngineHarness:
    """A data directory, a runtime and a clock, on which a test starts engines."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.config = EngineConfig(data_directory=directory)
        """The settings of the next engine."""
        self.clock = ManualClock()
        self.runtime = RecordingRuntime(self.clock.now)
        self.disk = Disk()
        self.engine: Engine
        self._world = manual_world(self.clock)
        self._loops: list[VirtualLoop] = []
        self._up = False

    @classmethod
    @contextmanager
    def running(cls, directory: Path) -> Iterator[Self]:
        """Yield a harness whose engine runs, and close it afterwards."""
        harness = cls(directory)
        harness.up()
        yield harness
        harness.close()

    # --- starts and ends of engines -----------------------------------------------------------------------------------

    def up(self) -> None:
        """Start an engine; its monotonic clock starts at the wall clock's time."""
        self.clock.steady = self.clock.wall
        loop = VirtualLoop(self.clock)
        self._loops.append(loop)
        self.disk.on_death = loop.die
        loop.busy = lambda: True
        with mock.patch.object(db, "_connect", self.disk.connect):
            self.engine = self.run(self._open())
        self._up = True
        loop.busy = lambda: self.engine.store._busy
        self.settle()

    async def _open(self) -> Engine:
        return await RecordingEngine.open(self.config, self._world, self.runtime)

    def die_at(self, commit: int, *, before: bool) -> None:
        """Let the engine die at the n-th commit from now; the call that runs it then raises `EngineDied`."""
        self.disk.death = Death(self.disk.commits + commit, before)

    def crash(self) -> None:
        """Let the engine die now. SQLite changes its files when it closes, which no dead process does: use copies.

        The engine's threads end first, as they would with a process: they must not write into the files that are
        copied, nor into the files of the next engine.
        """
        self._loops[-1].join_threads()
        left = self.directory.with_name(f"{self.directory.name}.left")
        with self.disk.committing:
            shutil.copytree(self.directory, left)
            self.disk.release()
        if self._up:
            self.engine.store._commits.put(False)
            self.engine.store._thread.join()
        self._close_files()
        shutil.rmtree(self.directory)
        left.rename(self.directory)
        self._up = False

    def _close_files(self) -> None:
        """Close the dead engine's lock and step mark, as the kernel closes the files of a process that ends."""
        names = {str(self.directory / LOCK), str(self.directory / STEP_MARK)}
        for file in Path(DESCRIPTOR_DIRECTORY).iterdir():
            with suppress(OSError):  # the listing itself opened a file that is closed again
                if str(file.readlink()) in names:
                    os.close(int(file.name))

    def restart(self) -> None:
        """Let the engine die and start the next one."""
        self.crash()
        self.up()

    def down(self) -> None:
        """Stop the engine normally."""
        self.run(self.engine.close())
        self._up = False

    def close(self) -> None:
        """Stop the engine and close everything that the harness opened."""
        if self._up:
            self.disk.fill("")
            self.down()
        self.abandon()

    def abandon(self) -> None:
        """Close the loops of dead engines and of engines that failed to start."""
        for loop in self._loops:
            loop.end()
        self._loops.clear()

    # --- time and work ------------------------------------------------------------------------------------------------

    def run(self, work: Coroutine[None, None, T]) -> T:
        """Run a coroutine that ends without any time passing, and return its result."""
        loop = self._loops[-1]
        task = loop.create_task(work)
        task.add_done_callback(lambda _task: loop.stop())
        loop.settle()
        if self._up and self.engine.store._thread.is_alive():
            self.disk.wait_for_turn()
        self._check()
        assert task.done(), "it waits for time or for the world"
        return task.result()

    def start_in_background(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Start a coroutine that continues while time passes."""
        task = self._loops[-1].create_task(work)
        self.settle()
        return task

    def settle(self) -> None:
        """Run the engine until it waits for time or for containers."""
        self._loops[-1].settle()
        self._check()

    def advance(self, milliseconds: int) -> None:
        """Advance the clock and run everything that is due."""
        self.clock.advance(milliseconds)
        self.runtime.settle()
        self.settle()

    def _check(self) -> None:
        if self.disk.dead:
            self.disk.dead = False
            self.crash()
            raise EngineDied

    # --- calls of a user ----------------------------------------------------------------------------------------------

    def call(self, service: str, operation: str, **params: Json) -> Json:
        """Call an operation and return its answer as a client would decode it."""
        return loads(dumps(self.run(self.engine.call(CALLER, service, operation, params))))

    def machine(self, definition: Json, name: str = "machine") -> str:
        """Create a state machine and return its ARN."""
        answer = self.call("states", "CreateStateMachine", name=name, definition=dumps(definition), roleArn=ROLE)
        arn: str = answer["stateMachineArn"]
        return arn

    def start(self, machine: str, input: Json = None, name: str | None = None) -> str:  # noqa: A002 - AWS's word
        """Start an execution and return its ARN."""
        named = {"name": name} if name else {}
        answer = self.call("states", "StartExecution", stateMachineArn=machine, input=dumps(input or {}), **named)
        arn: str = answer["executionArn"]
        return arn

    def run_machine(self, *states: Json, name: str = "machine") -> str:
        """Start an execution of states in a row, named A, B, C …; return its ARN."""
        execution = self.start(self.machine(chain(*states), name))
        self.settle()
        return execution

    def describe(self, execution: str) -> Json:
        """Return the description of an execution."""
        return self.call("states", "DescribeExecution", executionArn=execution)

    def status(self, execution: str) -> str:
        """Return the status of an execution."""
        found: str = self.describe(execution)["status"]
        return found

    def history(self, execution: str) -> list[Json]:
        """Return all events of an execution's history."""
        events: list[Json] = []
        token: dict[str, str] = {}
        while True:
            page = self.call("states", "GetExecutionHistory", executionArn=execution, maxResults=1000, **token)
            events += page["events"]
            if "nextToken" not in page:
                return events
            token = {"nextToken": page["nextToken"]}

    def types(self, execution: str) -> list[str]:
        """Return the types of an execution's events."""
        return [event["type"] for event in self.history(execution)]

    def define_task(self, family: str = "job") -> str:
        """Register a task definition of one container and create a cluster; return the definition's ARN."""
        self.call("ecs", "CreateCluster")
        container = {"name": "main", "image": "busybox", "memory": 128}
        answer = self.call("ecs", "RegisterTaskDefinition", family=family, containerDefinitions=[container])
        arn: str = answer["taskDefinition"]["taskDefinitionArn"]
        return arn

    def token(self) -> str:
        """Return the task token of the container that started last."""
        return list(self.runtime.started.values())[-1].environment["TOKEN"]

    def published_events(self, source: str) -> list[Event]:
        """Return the stored events of a source, in order."""
        rows = self.engine.store.reader.rows("SELECT body FROM published_events ORDER BY id")
        events = [Event(**loads(body) | {"caller": CALLER}) for (body,) in rows]
        return [event for event in events if event.source == source]

    def rows(self, sql: str) -> list[Json]:
        """Query the database from outside of the engine."""
        with closing(sqlite3.connect(self.directory / "lamplighter.db")) as connection:
            return connection.execute(sql).fetchall()

    def damage(self, sql: str, *parameters: Json) -> None:
        """Change rows of the database while no engine runs."""
        assert not self._up
        with closing(sqlite3.connect(self.directory / "lamplighter.db")) as connection, connection:
            assert connection.execute(sql, parameters).rowcount > 0, "nothing was damaged"
        # SQLite removed the WAL with this connection; to the engine, a WAL that is missing after a kill is damage, too.
        (self.directory / "lamplighter.db-wal").touch()


def chain(*states: Json, first: str = "A") -> Json:
    """Return a state machine of states in a row, named A, B, C … or from another letter on."""
    names = [chr(ord(first) + at) for at in range(len(states))]
    follows = [{"Next": name} for name in names[1:]] + [{"End": True}]
    ends = ("Succeed", "Fail", "Choice")
    linked = [state if state["Type"] in ends else state | after for state, after in zip(states, follows, strict=True)]
    return {"StartAt": first, "States": dict(zip(names, linked, strict=True))}


def job(definition: str = "job", pattern: str = ".sync", **state: Json) -> Json:
    """Return a state that runs an ECS task and waits for it."""
    given = {"TaskDefinition": definition, **state.pop("Parameters", {})}
    return {"Type": "Task", "Resource": f"arn:aws:states:::ecs:runTask{pattern}", "Parameters": given, **state}
