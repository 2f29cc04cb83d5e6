"""A harness with schedules: what they call, and what is on record of their slots."""

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import Caller, Operation
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.services.scheduler.tables import schedules, slots
from lamplighter.services.scheduler.tables.slots import Slot
from lamplighter.store.db import Tx
from tests.engine_harness import ACCOUNT, REGION, ROLE, EngineHarness, RecordingEngine, chain

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
OFF: Json = {"Mode": "OFF"}
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"
DEAD = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
STUBBED = {"sqs": ("SendMessage",), "sns": ("Publish",), "events": ("PutEvents",)}
"""Services that these tests do without: their calls are written down."""


class EngineWithStubs(RecordingEngine):
    """An engine that writes down what is asked of services that it does not have."""

    def serve_stubs(self) -> None:
        self.faults: deque[AwsError] = deque()
        for service, names in STUBBED.items():
            self.bus.serve(service, {name: Operation(write=self._note(name)) for name in names})

    def _note(self, name: str) -> Callable[[Tx, Caller, Json], Json]:
        def note(tx: Tx, _caller: Caller, params: Json) -> Json:
            dead = name == "SendMessage" and params["QueueUrl"].endswith("/dead")
            if self.faults and not dead:
                raise self.faults.popleft()
            tx.execute("CREATE TABLE IF NOT EXISTS calls (id INTEGER PRIMARY KEY, name, dead, params)")
            tx.insert("INSERT INTO calls (name, dead, params) VALUES (?, ?, ?)", (name, dead, dumps(params)))
            return {}

        return note


class SchedulerHarness(EngineHarness):
    """A harness whose engines have schedules to run."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.engine: EngineWithStubs

    async def _open(self) -> Engine:
        return await EngineWithStubs.open(EngineConfig(data_directory=self.directory), self._world, self.runtime)

    def at(self, text: str) -> None:
        """Let time pass until the wall clock shows this, in UTC."""
        self.advance(instant(text) - self.clock.now())

    def schedule(self, expression: str, name: str = "job", target: Json = None, **params: Json) -> str:
        """Create a schedule, of a message to a queue unless a target is given; its ARN."""
        answer = self.call("scheduler", "CreateSchedule", **request(expression, name, target, **params))
        arn: str = answer["ScheduleArn"]
        return arn

    def get(self, name: str = "job", **params: Json) -> Json:
        """GetSchedule"""
        return self.call("scheduler", "GetSchedule", Name=name, **params)

    def pass_machine(self) -> Json:
        """A target: a state machine that does nothing."""
        return {"Arn": self.machine(chain({"Type": "Pass"}), "nothing"), "RoleArn": ROLE}

    def calls(self, *, dead: bool = False) -> list[Json]:
        """The parameters of the calls that were made, or of those to the dead-letter queue."""
        if not self.rows("SELECT 1 FROM sqlite_master WHERE name = 'calls'"):
            return []
        return [loads(row[0]) for row in self.rows(f"SELECT params FROM calls WHERE dead = {int(dead)} ORDER BY id")]

    def bodies(self) -> list[str]:
        """The messages that were sent to the queue."""
        return [call["MessageBody"] for call in self.calls()]

    def slots(self, name: str = "job") -> list[Slot]:
        """What is on record of a schedule's slots, the earliest first."""
        reader = self.engine.store.reader
        found = schedules.get(reader, f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{name}")
        assert found is not None
        return slots.page(reader, found.id, None, 10_000)[::-1]

    def outcomes(self, name: str = "job") -> list[str]:
        """What came of a schedule's slots."""
        return [slot.outcome for slot in self.slots(name)]

    def missed(self, policy: str, name: str = "job", within: int | None = None) -> None:
        """Say which slots that come while no engine runs are made up for, and for how many seconds afterwards."""
        said = {} if within is None else {"Within": within}
        self.call("scheduler", "SetMissed", Name=name, Missed=policy, **said)

    def off(self, milliseconds: int) -> None:
        """Let time pass while no engine runs."""
        self.crash()
        self.clock.advance(milliseconds)
        self.up()


def request(expression: str, name: str = "job", target: Json = None, **params: Json) -> Json:
    """The parameters of CreateSchedule."""
    aim = target or {"Arn": QUEUE, "RoleArn": ROLE, "Input": "<aws.scheduler.scheduled-time>"}
    return {"Name": name, "ScheduleExpression": expression, "Target": aim, "FlexibleTimeWindow": OFF} | params


def instant(text: str) -> int:
    """An ISO date in UTC, in milliseconds since the epoch."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def text(milliseconds: int) -> str:
    """The other way round."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%dT%H:%M:%S}"
