"""A night's work whose writes are recorded, with what customers were told and what the database held at each commit.

`record` lets an engine work through it. A `Fact` is what a customer was told, as a question to the database: it answers
with a row from then on, until the customer asks for something that changes it.
"""

import hashlib
import random
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.runtime.fake import Script
from lamplighter.runtime.port import ContainerSpec
from tests.chaos.disk_log import Operation
from tests.chaos.ordered_threads import in_step
from tests.chaos.vfs import Recorder
from tests.engine_harness import SECOND, WITH_TOKEN, EngineHarness, RecordingRuntime, chain, job
from tests.fake_disk import Disk

CHECKPOINT_PAGES = 60
"""So many pages between two checkpoints: SQLite's 1,000 would mean hardly any in a short night."""
QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/orders"
ENDED = "SELECT 1 FROM executions WHERE arn = ? AND status = 'SUCCEEDED'"
STARTED = "SELECT 1 FROM executions WHERE arn = ?"
SENT = "SELECT 1 FROM sqs_messages WHERE uuid = ?"
DELETED = "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM sqs_messages WHERE uuid = ?)"
LAUNCHED = "SELECT 1 FROM tasks WHERE instr(?, name) > 0"


@dataclass(slots=True)
class Fact:
    """What holds after a point of the log."""

    since: int
    sql: str
    parameter: str
    until: float = float("inf")


@dataclass(slots=True)
class Recorded:
    """A night, as the disk and the customers saw it."""

    log: list[Operation] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    commits: list[tuple[int, str]] = field(default_factory=list)
    """Where in the log each commit had returned, and what the database held then."""
    tokens: list[str] = field(default_factory=list)
    """Those that containers were given."""
    end: int = 0
    """What the clock showed when the night was over."""


@dataclass(slots=True, kw_only=True)
class RecordedDisk(Disk):
    """A disk under a recorder."""

    recorded: Recorded
    mode: str = "FULL"

    def connect(self, path: Path, *, read_only: bool, first_start: bool = False) -> Json:
        opened = Disk.connect(self, path, read_only=read_only, first_start=first_start)
        opened.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        opened.execute(f"PRAGMA synchronous={self.mode}")
        return opened

    def commit(self, connection: sqlite3.Connection) -> sqlite3.Cursor:
        cursor = Disk.commit(self, connection)
        self.recorded.commits.append((len(self.recorded.log), digest(cursor.connection)))
        return cursor


class RecordedContainers(RecordingRuntime):
    """Containers that are begun only when the database knows of them."""

    def __init__(self, now: Callable[[], int], recorded: Recorded) -> None:
        super().__init__(now)
        self._recorded = recorded

    def _begin(self, container: ContainerSpec) -> None:
        self._recorded.facts.append(Fact(len(self._recorded.log), LAUNCHED, container.name))
        if "TOKEN" in container.environment:
            self._recorded.tokens.append(container.environment["TOKEN"])
        super()._begin(container)


def digest(connection: sqlite3.Connection) -> str:
    """What a database holds, as one short text."""
    held = hashlib.sha256()
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    for (table,) in tables:
        rows = connection.execute(f"SELECT * FROM {table}").fetchall()
        held.update(repr((table, rows)).encode())
    return held.hexdigest()


def sound(recorded: Recorded) -> RecordedDisk:
    """A disk as an engine has it."""
    return RecordedDisk(recorded=recorded)


MakeDisk = Callable[[Recorded], RecordedDisk]


class Night:
    """An engine at work, and its customers."""

    def __init__(self, directory: Path, recorded: Recorded, disk: RecordedDisk) -> None:
        self.recorded = recorded
        self.site = EngineHarness(directory)
        self.site.disk = disk
        self.site.runtime = RecordedContainers(self.site.clock.now, self.recorded)
        self.site.runtime.script(Script(after=5 * SECOND))
        self.site.runtime.script(Script(code=1, after=SECOND), lambda _: len(self.site.runtime.runs()) % 3 == 0)
        self.machines: dict[str, str] = {}
        self._executions: list[str] = []

    def told(self, sql: str, parameter: str) -> None:
        """Take down what a customer was told just now."""
        self.recorded.facts.append(Fact(len(self.recorded.log), sql, parameter))

    def begin(self) -> None:
        """Start the first engine, and make all that is needed."""
        self.site.up()
        self.site.define_task()
        self.site.call("sqs", "CreateQueue", QueueName="orders")
        self.site.call("logs", "CreateLogGroup", logGroupName="night")
        self.site.call("logs", "CreateLogStream", logGroupName="night", logStreamName="one")
        self.machines = {name: self.site.machine(definition, name) for name, definition in MACHINES.items()}

    def start(self, kind: str, name: str) -> None:
        arn = self.site.start(self.machines[kind], {"items": [1, 2, 3], "note": name * 200}, name)
        self.told(STARTED, arn)
        self._executions.append(arn)

    def send(self, number: int) -> None:
        body = f"{number} " * (20 + 700 * (number % 5))
        uuid = self.site.call("sqs", "SendMessage", QueueUrl=QUEUE, MessageBody=body)["MessageId"]
        self.told(SENT, uuid)

    def receive(self) -> None:
        """Receive a message, and delete it."""
        for message in self.site.call("sqs", "ReceiveMessage", QueueUrl=QUEUE).get("Messages", []):
            uuid = message["MessageId"]
            for fact in self.recorded.facts:
                if (fact.sql, fact.parameter) == (SENT, uuid):
                    fact.until = len(self.recorded.log)
            self.site.call("sqs", "DeleteMessage", QueueUrl=QUEUE, ReceiptHandle=message["ReceiptHandle"])
            self.told(DELETED, uuid)

    def log(self, number: int) -> None:
        events = [{"timestamp": self.site.clock.now(), "message": f"line {number}.{at} " * 30} for at in range(10)]
        self.site.call("logs", "PutLogEvents", logGroupName="night", logStreamName="one", logEvents=events)

    def answer(self) -> None:
        """Answer for the containers that have a token."""
        for name, container in self.site.runtime.begun.items():
            if "TOKEN" in container.environment and name in self.site.runtime.left():
                token = container.environment["TOKEN"]
                self.site.call("states", "SendTaskSuccess", taskToken=token, output='{"by":"hand"}')
                self.site.runtime.finish(name)
                self.site.settle()

    def look(self) -> None:
        """Look who has ended."""
        for arn in list(self._executions):
            if self.site.status(arn) == "SUCCEEDED":
                self.told(ENDED, arn)
                self._executions.remove(arn)

    def crash(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Let the engine be killed, and start another. What SQLite tidies up for us here, no dead process does."""
        end = len(self.recorded.log)
        self.site.crash()
        del self.recorded.log[end:]
        meanwhile()
        self.site.up()

    def end(self) -> None:
        """Come to the end of the record."""
        self.recorded.end = self.site.clock.now()
        end = len(self.recorded.log)
        self.site.close()
        del self.recorded.log[end:]

    def restart(self) -> None:
        """Stop the engine as one stops it, and start another."""
        self.site.down()
        self.site.up()


RETRY = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 2, "MaxAttempts": 5}]
TASK = job(Retry=RETRY, ResultPath=None)
NAP: Json = {"Type": "Wait", "Seconds": 3}
MAP: Json = {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ItemProcessor": chain(TASK, first="I")}
MACHINES: dict[str, Json] = {
    "nap": chain(NAP),
    "task": chain(TASK, {"Type": "Pass"}),
    "map": chain(MAP),
    "parallel": chain({"Type": "Parallel", "Branches": [chain(TASK, first="T"), chain(NAP, first="N")]}),
    "token": chain(job(pattern=".waitForTaskToken", Parameters=WITH_TOKEN), {"Type": "Pass"}),
}


Work = Callable[[Night, int, random.Random], None]


def work(night: Night, number: int, chance: random.Random) -> None:
    """A second of the night."""
    for kind in chance.sample(sorted(night.machines), 2):
        night.start(kind, f"{kind}-{number}")
    for _ in range(chance.randint(0, 2)):
        night.send(number)
    if chance.random() < 0.5:
        night.receive()
    night.log(number)
    night.answer()
    night.site.advance(SECOND)
    night.look()


def record_limbo(directory: Path, syncs: int) -> Recorded:
    """Let an engine be killed between the writes and the sync of a commit; its successor takes up what was written."""
    recorder = Recorder(directory, seed=1)
    recorded = Recorded(recorder.log)
    night = Night(directory, recorded, sound(recorded))
    with recorder, in_step():
        night.begin()
        recorder.syncs_left = syncs
        with suppress(AwsError):
            night.start("task", "limbo")
        night.site.settle()
        night.crash(lambda: setattr(recorder, "syncs_left", float("inf")))
        night.end()
    return recorded


def record(directory: Path, seed: int, rounds: int = 20, work: Work = work, disk: MakeDisk = sound) -> Recorded:
    """Work through a night of so many rounds, in which one engine is killed and another is stopped."""
    chance = random.Random(seed)
    recorder = Recorder(directory, seed)
    recorded = Recorded(recorder.log)
    night = Night(directory, recorded, disk(recorded))
    with recorder, in_step():
        night.begin()
        for number in range(rounds):
            work(night, number, chance)
            if number == rounds // 3:
                night.crash()
            if number == rounds * 2 // 3:
                night.restart()
        night.end()
    return recorded
