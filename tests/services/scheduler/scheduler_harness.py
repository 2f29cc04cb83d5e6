"""An engine harness with schedules; it records their calls and reads their slots."""

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
DEAD_LETTER_QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
STUBBED_OPERATIONS = {"sqs": ("SendMessage",), "sns": ("Publish",), "events": ("PutEvents",)}
"""Operations of other services that a stub serves and records."""


class EngineWithStubs(RecordingEngine):
    """An engine with stubs that record the calls to other services."""

    def serve_stubs(self) -> None:
        self.next_errors: deque[AwsError] = deque()
        for service, names in STUBBED_OPERATIONS.items():
            self.bus.serve(service, {name: Operation(write=self._record_call(name)) for name in names})

    def _record_call(self, name: str) -> Callable[[Tx, Caller, Json], Json]:
        def record(tx: Tx, _caller: Caller, params: Json) -> Json:
            dead = name == "SendMessage" and params["QueueUrl"].endswith("/dead")
            if self.next_errors and not dead:
                raise self.next_errors.popleft()
            tx.execute("CREATE TABLE IF NOT EXISTS calls (id INTEGER PRIMARY KEY, name, dead, params)")
            tx.insert("INSERT INTO calls (name, dead, params) VALUES (?, ?, ?)", (name, dead, dumps(params)))
            return {}

        return record


class SchedulerHarness(EngineHarness):
    """An engine harness with shortcuts for EventBridge Scheduler."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.engine: EngineWithStubs

    async def _open(self) -> Engine:
        return await EngineWithStubs.open(EngineConfig(data_directory=self.directory), self._world, self.runtime)

    def advance_to(self, text: str) -> None:
        """Advance the clock to a time in UTC."""
        self.advance(parse_time(text) - self.clock.now())

    def create_schedule(self, expression: str, name: str = "job", target: Json = None, **params: Json) -> str:
        """Create a schedule and return its ARN; the default target sends a message to a queue."""
        answer = self.call("scheduler", "CreateSchedule", **schedule_request(expression, name, target, **params))
        arn: str = answer["ScheduleArn"]
        return arn

    def get_schedule(self, name: str = "job", **params: Json) -> Json:
        """Return the answer of GetSchedule."""
        return self.call("scheduler", "GetSchedule", Name=name, **params)

    def create_machine_target(self) -> Json:
        """Create a state machine that does nothing, and return a target that starts it."""
        return {"Arn": self.machine(chain({"Type": "Pass"}), "nothing"), "RoleArn": ROLE}

    def calls(self, *, dead: bool = False) -> list[Json]:
        """Return the parameters of the recorded calls to targets, or of those to the dead-letter queue."""
        if not self.rows("SELECT 1 FROM sqlite_master WHERE name = 'calls'"):
            return []
        return [loads(row[0]) for row in self.rows(f"SELECT params FROM calls WHERE dead = {int(dead)} ORDER BY id")]

    def bodies(self) -> list[str]:
        """Return the bodies of the messages that were sent to the queue."""
        return [call["MessageBody"] for call in self.calls()]

    def slots(self, name: str = "job") -> list[Slot]:
        """Return the recorded slots of a schedule, earliest first."""
        reader = self.engine.store.reader
        found = schedules.get(reader, f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{name}")
        assert found is not None
        return slots.page(reader, found.id, None, 10_000)[::-1]

    def outcomes(self, name: str = "job") -> list[str]:
        """Return the outcomes of a schedule's slots, earliest first."""
        return [slot.outcome for slot in self.slots(name)]

    def set_missed_policy(self, policy: str, name: str = "job", within: int | None = None) -> None:
        """Set which slots that pass while no engine runs are started late, and at most how many seconds late."""
        limit = {} if within is None else {"Within": within}
        self.call("scheduler", "SetMissed", Name=name, Missed=policy, **limit)

    def advance_without_engine(self, milliseconds: int) -> None:
        """Crash the engine, advance the clock, and start an engine again."""
        self.crash()
        self.clock.advance(milliseconds)
        self.up()


def schedule_request(expression: str, name: str = "job", target: Json = None, **params: Json) -> Json:
    """Return the parameters of CreateSchedule."""
    used_target = target or {"Arn": QUEUE, "RoleArn": ROLE, "Input": "<aws.scheduler.scheduled-time>"}
    return {"Name": name, "ScheduleExpression": expression, "Target": used_target, "FlexibleTimeWindow": OFF} | params


def parse_time(text: str) -> int:
    """Convert an ISO date in UTC to milliseconds since the epoch."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def format_time(milliseconds: int) -> str:
    """Convert milliseconds since the epoch to an ISO date in UTC."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%dT%H:%M:%S}"
