"""One data directory whose engines come, die and come again, on a clock of ours and a runtime that outlives them.

A death is what kill -9 leaves: the files as they were at that moment. Nothing of the dead engine ever runs again, its
locks are gone, and its successor finds the same containers.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Self, TypeVar
from unittest import mock

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import ManualClock, World, manual_world
from lamplighter.bus import Caller, Event
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.isolation.port import Isolation
from lamplighter.outbound.port import Outbound
from lamplighter.runtime.fake import FakeRuntime
from lamplighter.runtime.port import ContainerSpec, Runtime
from lamplighter.store import db
from lamplighter.store.db import Store, Tx
from tests.fake_disk import Death, Disk
from tests.inline_isolation import InlineIsolation
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
    """The engine died under whoever called it."""


class RecordingRuntime(FakeRuntime):
    """A fake runtime that remembers what it was asked to run."""

    def __init__(self, now: Callable[[], int]) -> None:
        super().__init__(now)
        self.begun: dict[str, ContainerSpec] = {}

    def _begin(self, container: ContainerSpec) -> None:
        self.begun[container.name] = container
        super()._begin(container)

    def runs(self) -> list[str]:
        """The containers that really began, in order."""
        return [name for operation, name in self.calls if operation == "run"]

    def left(self) -> list[str]:
        """Those that nobody has removed."""
        return list(self._runs)


class RecordingEngine(Engine):
    """An engine that keeps every event in the transaction that caused it, as every listener of ours does."""

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
        self.bus.subscribe("*", _note)
        self.serve_stubs()

    def serve_stubs(self) -> None:
        """Serve what the tests stub; a subclass overrides this."""


def _note(tx: Tx, event: Event) -> None:
    tx.execute("CREATE TABLE IF NOT EXISTS heard (id INTEGER PRIMARY KEY, body)")
    body = {name: getattr(event, name) for name in ("source", "detail_type", "time", "resources", "detail")}
    tx.insert("INSERT INTO heard (body) VALUES (?)", (dumps(body),))


class EngineHarness:
    """A data directory, a runtime and a clock."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
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
        """Give a harness whose engine runs, and leave nothing behind."""
        harness = cls(directory)
        harness.up()
        yield harness
        harness.close()

    # --- engines come and go ------------------------------------------------------------------------------------------

    def up(self) -> None:
        """Start an engine; its steady clock begins at the wall clock's time."""
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
        return await RecordingEngine.open(EngineConfig(data_directory=self.directory), self._world, self.runtime)

    def die_at(self, commit: int, *, before: bool) -> None:
        """Let the engine die at a commit to come; whoever runs it then meets Died."""
        self.disk.death = Death(self.disk.commits + commit, before)

    def crash(self) -> None:
        """Let the engine die now. SQLite tidies up as it closes, which no dead process does: it gets the originals.

        A thread of the engine, which would die with a process, ends first: it must not write into what is copied, nor
        into what the next engine finds.
        """
        self._loops[-1].join_threads()
        left = self.directory.with_name(f"{self.directory.name}.left")
        with self.disk.committing:
            shutil.copytree(self.directory, left)
            self.disk.release()
        if self._up:
            self.engine.store._commits.put(False)
            self.engine.store._thread.join()
        shutil.rmtree(self.directory)
        left.rename(self.directory)
        self._up = False

    def restart(self) -> None:
        """Die and come again."""
        self.crash()
        self.up()

    def down(self) -> None:
        """Stop the engine as one stops it."""
        self.run(self.engine.close())
        self._up = False

    def close(self) -> None:
        """Leave nothing behind."""
        if self._up:
            self.disk.fill("")
            self.down()
        self.abandon()

    def abandon(self) -> None:
        """Let go of what dead engines, and those that never came up, left in this process."""
        for loop in self._loops:
            loop.end()
        self._loops.clear()

    # --- time and work ------------------------------------------------------------------------------------------------

    def run(self, work: Coroutine[None, None, T]) -> T:
        """Have something done that needs no time."""
        loop = self._loops[-1]
        task = loop.create_task(work)
        task.add_done_callback(lambda _task: loop.stop())
        loop.settle()
        if self._up and self.engine.store._thread.is_alive():
            self.disk.rest()
        self._check()
        assert task.done(), "it waits for time or for the world"
        return task.result()

    def set_off(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Have something done that goes on as time passes."""
        task = self._loops[-1].create_task(work)
        self.settle()
        return task

    def settle(self) -> None:
        """Let everything happen that needs no time."""
        self._loops[-1].settle()
        self._check()

    def advance(self, milliseconds: int) -> None:
        """Let time pass, and happen what is due then."""
        self.clock.advance(milliseconds)
        self.runtime.settle()
        self.settle()

    def _check(self) -> None:
        if self.disk.dead:
            self.disk.dead = False
            self.crash()
            raise EngineDied

    # --- what a user does ---------------------------------------------------------------------------------------------

    def call(self, service: str, operation: str, **params: Json) -> Json:
        """Call an operation; its answer as it would be read from the wire."""
        return loads(dumps(self.run(self.engine.call(CALLER, service, operation, params))))

    def machine(self, definition: Json, name: str = "machine") -> str:
        """Create a state machine; its ARN."""
        answer = self.call("states", "CreateStateMachine", name=name, definition=dumps(definition), roleArn=ROLE)
        arn: str = answer["stateMachineArn"]
        return arn

    def start(self, machine: str, input: Json = None, name: str | None = None) -> str:  # noqa: A002 - AWS's word
        """Start an execution; its ARN."""
        named = {"name": name} if name else {}
        answer = self.call("states", "StartExecution", stateMachineArn=machine, input=dumps(input or {}), **named)
        arn: str = answer["executionArn"]
        return arn

    def run_machine(self, *states: Json, name: str = "machine") -> str:
        """Start an execution of states one after another, called A, B, C …; its ARN."""
        execution = self.start(self.machine(chain(*states), name))
        self.settle()
        return execution

    def describe(self, execution: str) -> Json:
        """DescribeExecution"""
        return self.call("states", "DescribeExecution", executionArn=execution)

    def status(self, execution: str) -> str:
        """The status of an execution."""
        found: str = self.describe(execution)["status"]
        return found

    def history(self, execution: str) -> list[Json]:
        """All events of an execution."""
        events: list[Json] = []
        token: dict[str, str] = {}
        while True:
            page = self.call("states", "GetExecutionHistory", executionArn=execution, maxResults=1000, **token)
            events += page["events"]
            if "nextToken" not in page:
                return events
            token = {"nextToken": page["nextToken"]}

    def types(self, execution: str) -> list[str]:
        """The types of an execution's events."""
        return [event["type"] for event in self.history(execution)]

    def define_task(self, family: str = "job") -> str:
        """Register a task definition of one container, and a cluster to run it in; its ARN."""
        self.call("ecs", "CreateCluster")
        container = {"name": "main", "image": "busybox", "memory": 128}
        answer = self.call("ecs", "RegisterTaskDefinition", family=family, containerDefinitions=[container])
        arn: str = answer["taskDefinition"]["taskDefinitionArn"]
        return arn

    def token(self) -> str:
        """The task token that the last container was given."""
        return list(self.runtime.begun.values())[-1].environment["TOKEN"]

    def heard(self, source: str) -> list[Event]:
        """The events of a source that are on disk, in order."""
        rows = self.engine.store.reader.rows("SELECT body FROM heard ORDER BY id")
        events = [Event(**loads(body) | {"caller": CALLER}) for (body,) in rows]
        return [event for event in events if event.source == source]

    def rows(self, sql: str) -> list[Json]:
        """What the database holds, asked from outside of any engine."""
        with closing(sqlite3.connect(self.directory / "lamplighter.db")) as connection:
            return connection.execute(sql).fetchall()

    def damage(self, sql: str, *parameters: Json) -> None:
        """Change rows behind an engine that is down."""
        assert not self._up
        with closing(sqlite3.connect(self.directory / "lamplighter.db")) as connection, connection:
            assert connection.execute(sql, parameters).rowcount > 0, "nothing was damaged"


def chain(*states: Json, first: str = "A") -> Json:
    """A state machine of states one after another, called A, B, C … or from another letter on."""
    names = [chr(ord(first) + at) for at in range(len(states))]
    follows = [{"Next": name} for name in names[1:]] + [{"End": True}]
    ends = ("Succeed", "Fail", "Choice")
    linked = [state if state["Type"] in ends else state | after for state, after in zip(states, follows, strict=True)]
    return {"StartAt": first, "States": dict(zip(names, linked, strict=True))}


def job(definition: str = "job", pattern: str = ".sync", **state: Json) -> Json:
    """A state that runs a task and waits for it."""
    given = {"TaskDefinition": definition, **state.pop("Parameters", {})}
    return {"Type": "Task", "Resource": f"arn:aws:states:::ecs:runTask{pattern}", "Parameters": given, **state}
