"""A harness with a sender of deliveries, a target that does as it is told, and a queue for dead letters."""

from collections import deque
from collections.abc import Mapping

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller, Operation, Service
from lamplighter.delivery.delivery import Delivery, DeliveryOutcome, RetryPolicy
from lamplighter.delivery.delivery_queue import DeliveryQueue, is_delivery
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.outbound.aws import RemoteServices
from lamplighter.store.db import OutboxRow, Tx
from lamplighter.store.timers import Timer
from tests.engine_harness import ACCOUNT, CALLER, REGION, EngineHarness, RecordingEngine

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"

THROTTLED = AwsError("Rate exceeded", code="ThrottlingException")
BROKEN = AwsError("oops", code="InternalFailure", status=500)
MISSING = AwsError("no such thing", code="ResourceNotFoundException")


class FakeRemoteServices(RemoteServices):
    """A service elsewhere, called `far`."""

    def __init__(self) -> None:
        super().__init__({})
        self.calls: list[Json] = []
        self.answers: deque[Exception | Json] = deque()

    def can_call(self, service: str, operation: str) -> bool:
        return service == "far"

    async def call(self, service: str, operation: str, params: Json, region: str) -> Json:
        self.calls.append(params)
        answer = self.answers.popleft() if self.answers else {}
        if isinstance(answer, Exception):
            raise answer
        return answer


class Sender(Service):
    """A service that only sends deliveries."""

    name = "sender"
    operations: Mapping[str, Operation] = {}

    def __init__(self, bus: Bus, world: World, remote: RemoteServices) -> None:
        self.delivery_queue = DeliveryQueue(self.name, bus, world, remote, self._settled)

    def _settled(self, tx: Tx, delivery: Delivery, outcome: DeliveryOutcome) -> None:
        note(tx, "settled", [delivery.key, outcome.end, outcome.attempts, outcome.code, outcome.exhausted])

    async def handle_outbox_row(self, posted: OutboxRow) -> None:
        assert is_delivery(posted.subject)
        await self.delivery_queue.handle_outbox_row(posted)

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        assert is_delivery(timer.subject)
        self.delivery_queue.fire_timer(tx, timer)


def note(tx: Tx, kind: str, body: Json) -> None:
    """Write down what happened, in the transaction in which it did."""
    tx.execute("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, kind, body)")
    tx.insert("INSERT INTO notes (kind, body) VALUES (?, ?)", (kind, dumps(body)))


class DeliveryHarness(EngineHarness):
    """The harness; `answers` are what the target says, in order, and {} after that."""

    sender: Sender
    queue_is_there = True

    def __init__(self, *args: Json) -> None:
        super().__init__(*args)
        self.answers: deque[AwsError | Json] = deque()
        self.elsewhere = FakeRemoteServices()

    async def _open(self) -> Engine:
        harness = self

        class Sending(RecordingEngine):
            def serve_stubs(self) -> None:
                harness.sender = self.services["sender"] = Sender(self.bus, self.world, harness.elsewhere)
                self.bus.serve("near", {"Do": Operation(write=harness.do), "RunTask": Operation(write=harness.do)})
                self.bus.serve("sqs", {"SendMessage": Operation(write=harness.take_dead_letter)})

        return await Sending.open(EngineConfig(data_directory=self.directory), self._world, self.runtime)

    def do(self, tx: Tx, _caller: Caller, params: Json) -> Json:
        note(tx, "done", params)
        answer = self.answers.popleft() if self.answers else {}
        if isinstance(answer, Exception):
            raise answer
        return answer

    def take_dead_letter(self, tx: Tx, _caller: Caller, params: Json) -> Json:
        if not self.queue_is_there:
            raise AwsError("no such queue", code="AWS.SimpleQueueService.NonExistentQueue")
        note(tx, "dead", params)
        return {"MessageId": "1"}

    def send(
        self,
        key: str = "k",
        *,
        service: str = "near",
        operation: str = "Do",
        attempts: int = 185,
        age: int = 86_400,
        dead_letter: str | None = QUEUE,
    ) -> None:
        """Send a delivery and let happen what needs no time."""
        delivery = Delivery(
            key,
            CALLER,
            service,
            operation,
            {"key": key},
            RetryPolicy(attempts, age),
            dead_letter,
            body=f"body of {key}",
            attributes={"RULE_ARN": "rule", "NOTHING": ""},
            created=self.clock.now(),
        )

        async def write() -> None:
            await self.engine.store.write(lambda tx: self.sender.delivery_queue.send(tx, delivery))

        self.run(write())
        self.settle()

    def notes(self, kind: str) -> list[Json]:
        """What happened."""
        if not self.rows("SELECT 1 FROM sqlite_master WHERE name = 'notes'"):
            return []
        return [loads(body) for (body,) in self.rows(f"SELECT body FROM notes WHERE kind = '{kind}' ORDER BY id")]

    def due(self) -> list[int]:
        """When retries are due, in milliseconds from now."""
        rows = self.rows("SELECT due FROM timers WHERE service = 'sender'")
        return [due - self.clock.monotonic() for (due,) in rows]
