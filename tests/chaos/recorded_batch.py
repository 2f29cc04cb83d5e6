"""A workload whose disk writes are recorded, with the acknowledged facts and the database's content at each commit.

`record_workload` lets an engine run the workload.
"""

import hashlib
import random
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.runtime.port import ContainerSpec
from tests.chaos.facts import Fact, WorkloadRecord
from tests.chaos.ordered_threads import threads_in_lockstep
from tests.chaos.stored_values import StoredValues, fixed_encryption
from tests.chaos.vfs import Recorder
from tests.engine_harness import SECOND, WITH_TOKEN, EngineHarness, RecordingRuntime, chain, job
from tests.fake_disk import Disk
from tests.fake_runtime import Script

CHECKPOINT_PAGES = 60
"""Pages between two checkpoints; with SQLite's default of 1,000, a short workload would have hardly any."""
QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/orders"
EXECUTION_SUCCEEDED = "SELECT 1 FROM executions WHERE arn = ? AND status = 'SUCCEEDED'"
EXECUTION_EXISTS = "SELECT 1 FROM executions WHERE arn = ?"
MESSAGE_EXISTS = "SELECT 1 FROM sqs_messages WHERE uuid = ?"
MESSAGE_DELETED = "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM sqs_messages WHERE uuid = ?)"
TASK_EXISTS = "SELECT 1 FROM tasks WHERE instr(?, name) > 0"


@dataclass(slots=True, kw_only=True)
class RecordedDisk(Disk):
    """A disk whose commits are recorded."""

    recorded: WorkloadRecord
    mode: str = "FULL"

    def connect(self, path: Path, *, read_only: bool, first_start: bool = False) -> Json:
        opened = Disk.connect(self, path, read_only=read_only, first_start=first_start)
        opened.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        opened.execute(f"PRAGMA synchronous={self.mode}")
        return opened

    def commit(self, connection: sqlite3.Connection) -> sqlite3.Cursor:
        cursor = Disk.commit(self, connection)
        self.recorded.commits.append((len(self.recorded.log), hash_content(cursor.connection)))
        return cursor


class FactRecordingRuntime(RecordingRuntime):
    """A fake runtime that records, for each start of a container, the fact that its task is in the database."""

    def __init__(self, now: Callable[[], int], recorded: WorkloadRecord) -> None:
        super().__init__(now)
        self._recorded = recorded

    def _begin(self, container: ContainerSpec) -> None:
        self._recorded.facts.append(Fact(len(self._recorded.log), TASK_EXISTS, container.name))
        if "TOKEN" in container.environment:
            self._recorded.tokens.append(container.environment["TOKEN"])
        super()._begin(container)


def hash_content(connection: sqlite3.Connection) -> str:
    """Return a hash of a database's content."""
    hasher = hashlib.sha256()
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    for (table,) in tables:
        rows = connection.execute(f"SELECT * FROM {table}").fetchall()
        hasher.update(repr((table, rows)).encode())
    return hasher.hexdigest()


def normal_disk(recorded: WorkloadRecord) -> RecordedDisk:
    """Return a disk that works as an engine expects."""
    return RecordedDisk(recorded=recorded)


MakeDisk = Callable[[WorkloadRecord], RecordedDisk]


class Workload:
    """An engine and the client that gives it work."""

    def __init__(self, directory: Path, recorded: WorkloadRecord, disk: RecordedDisk) -> None:
        self.recorded = recorded
        self.harness = EngineHarness(directory)
        self.harness.disk = disk
        self.harness.runtime = FactRecordingRuntime(self.harness.clock.now, self.recorded)
        self.harness.runtime.script(Script(after=5 * SECOND))
        self.harness.runtime.script(
            Script(code=1, after=SECOND), lambda _: len(self.harness.runtime.started_names()) % 3 == 0
        )
        self.machines: dict[str, str] = {}
        self.stored = StoredValues(self.harness, recorded)
        self._executions: list[str] = []

    def set_up(self) -> None:
        """Start the first engine and create the resources."""
        self.harness.up()
        self.harness.define_task()
        self.harness.call("sqs", "CreateQueue", QueueName="orders")
        self.harness.call("logs", "CreateLogGroup", logGroupName="night")
        self.harness.call("logs", "CreateLogStream", logGroupName="night", logStreamName="one")
        self.stored.set_up()
        self.machines = {name: self.harness.machine(definition, name) for name, definition in MACHINES.items()}

    def start(self, kind: str, name: str) -> None:
        arn = self.harness.start(self.machines[kind], {"items": [1, 2, 3], "note": name * 200}, name)
        self.recorded.add_fact(EXECUTION_EXISTS, arn)
        self._executions.append(arn)

    def send_message(self, number: int) -> None:
        body = f"{number} " * (20 + 700 * (number % 5))
        uuid = self.harness.call("sqs", "SendMessage", QueueUrl=QUEUE, MessageBody=body)["MessageId"]
        self.recorded.add_fact(MESSAGE_EXISTS, uuid)

    def receive_and_delete(self) -> None:
        """Receive a message and delete it."""
        for message in self.harness.call("sqs", "ReceiveMessage", QueueUrl=QUEUE).get("Messages", []):
            uuid = message["MessageId"]
            self.recorded.end_facts(MESSAGE_EXISTS, uuid)
            self.harness.call("sqs", "DeleteMessage", QueueUrl=QUEUE, ReceiptHandle=message["ReceiptHandle"])
            self.recorded.add_fact(MESSAGE_DELETED, uuid)

    def put_log_events(self, number: int) -> None:
        events = [{"timestamp": self.harness.clock.now(), "message": f"line {number}.{at} " * 30} for at in range(10)]
        self.harness.call("logs", "PutLogEvents", logGroupName="night", logStreamName="one", logEvents=events)

    def complete_tasks(self) -> None:
        """Complete the tasks of the containers that have a token."""
        for name, container in self.harness.runtime.started.items():
            if "TOKEN" in container.environment and name in self.harness.runtime.remaining():
                token = container.environment["TOKEN"]
                self.harness.call("states", "SendTaskSuccess", taskToken=token, output='{"by":"hand"}')
                self.harness.runtime.finish(name)
                self.harness.settle()

    def record_ended_executions(self) -> None:
        """Record the executions that have ended."""
        for arn in list(self._executions):
            if self.harness.status(arn) == "SUCCEEDED":
                self.recorded.add_fact(EXECUTION_SUCCEEDED, arn)
                self._executions.remove(arn)

    def crash(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Kill the engine and start another. Drop what SQLite writes when it closes: a dead process writes nothing."""
        end = len(self.recorded.log)
        self.harness.crash()
        del self.recorded.log[end:]
        meanwhile()
        self.harness.up()

    def finish(self) -> None:
        """Close the engine and end the record."""
        self.recorded.end = self.harness.clock.now()
        end = len(self.recorded.log)
        self.harness.close()
        del self.recorded.log[end:]

    def restart(self) -> None:
        """Stop the engine in the normal way and start another."""
        self.harness.down()
        self.harness.up()


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


RunSecond = Callable[[Workload, int, random.Random], None]


def run_second(workload: Workload, number: int, rng: random.Random) -> None:
    """Do the work of one second."""
    for kind in rng.sample(sorted(workload.machines), 2):
        workload.start(kind, f"{kind}-{number}")
    for _ in range(rng.randint(0, 2)):
        workload.send_message(number)
    if rng.random() < 0.5:
        workload.receive_and_delete()
    workload.put_log_events(number)
    workload.stored.store(number, rng)
    workload.complete_tasks()
    workload.harness.advance(SECOND)
    workload.record_ended_executions()


def record_kill_during_commit(directory: Path, syncs: int) -> WorkloadRecord:
    """Record a workload whose engine is killed between the writes and the sync of a commit; the next one continues."""
    recorder = Recorder(directory, seed=1)
    recorded = WorkloadRecord(recorder.log)
    workload = Workload(directory, recorded, normal_disk(recorded))
    with recorder, threads_in_lockstep(), fixed_encryption(1):
        workload.set_up()
        recorder.syncs_left = syncs
        with suppress(AwsError):
            workload.start("task", "limbo")
        workload.harness.settle()
        workload.crash(lambda: setattr(recorder, "syncs_left", float("inf")))
        workload.finish()
    return recorded


def record_workload(
    directory: Path, seed: int, rounds: int = 20, run_second: RunSecond = run_second, disk: MakeDisk = normal_disk
) -> WorkloadRecord:
    """Record a workload of this number of rounds, in which one engine is killed and another is stopped."""
    rng = random.Random(seed)
    recorder = Recorder(directory, seed)
    recorded = WorkloadRecord(recorder.log)
    workload = Workload(directory, recorded, disk(recorded))
    with recorder, threads_in_lockstep(), fixed_encryption(seed):
        workload.set_up()
        for number in range(rounds):
            run_second(workload, number, rng)
            if number == rounds // 3:
                workload.crash()
            if number == rounds * 2 // 3:
                workload.restart()
        workload.finish()
    return recorded
