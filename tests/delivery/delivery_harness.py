"""An engine harness with a sender of deliveries, a stub target whose answers the test sets, and a dead-letter queue."""

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

DEAD_LETTER_QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"

THROTTLED = AwsError("Rate exceeded", code="ThrottlingException")
INTERNAL_FAILURE = AwsError("oops", code="InternalFailure", status=500)
NOT_FOUND = AwsError("no such thing", code="ResourceNotFoundException")


class FakeRemoteServices(RemoteServices):
    """A fake remote service named `far`."""

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
    """A service that only sends deliveries, and records their outcomes."""

    name = "sender"
    operations: Mapping[str, Operation] = {}

    def __init__(self, bus: Bus, world: World, remote: RemoteServices) -> None:
        self.delivery_queue = DeliveryQueue(self.name, bus, world, remote, self._record_outcome)

    def _record_outcome(self, tx: Tx, delivery: Delivery, outcome: DeliveryOutcome) -> None:
        record(tx, "outcome", [delivery.key, outcome.end, outcome.attempts, outcome.code, outcome.exhausted])

    async def handle_outbox_row(self, row: OutboxRow) -> None:
        assert is_delivery(row.subject)
        await self.delivery_queue.handle_outbox_row(row)

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        assert is_delivery(timer.subject)
        self.delivery_queue.fire_timer(tx, timer)


def record(tx: Tx, kind: str, body: Json) -> None:
    """Record a call, an outcome or a dead letter, in the transaction that caused it."""
    tx.execute("CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY, kind, body)")
    tx.insert("INSERT INTO records (kind, body) VALUES (?, ?)", (kind, dumps(body)))


class DeliveryHarness(EngineHarness):
    """An engine harness with a sender; `answers` are the target's answers or errors in order, followed by {}."""

    sender: Sender
    queue_exists = True

    def __init__(self, *args: Json) -> None:
        super().__init__(*args)
        self.answers: deque[AwsError | Json] = deque()
        self.remote_services = FakeRemoteServices()

    async def _open(self) -> Engine:
        harness = self

        class EngineWithSender(RecordingEngine):
            def serve_stubs(self) -> None:
                harness.sender = self.services["sender"] = Sender(self.bus, self.world, harness.remote_services)
                self.bus.serve(
                    "near",
                    {"Do": Operation(write=harness.handle_call), "RunTask": Operation(write=harness.handle_call)},
                )
                self.bus.serve("sqs", {"SendMessage": Operation(write=harness.receive_dead_letter)})

        return await EngineWithSender.open(EngineConfig(data_directory=self.directory), self._world, self.runtime)

    def handle_call(self, tx: Tx, _caller: Caller, params: Json) -> Json:
        record(tx, "call", params)
        answer = self.answers.popleft() if self.answers else {}
        if isinstance(answer, Exception):
            raise answer
        return answer

    def receive_dead_letter(self, tx: Tx, _caller: Caller, params: Json) -> Json:
        if not self.queue_exists:
            raise AwsError("no such queue", code="AWS.SimpleQueueService.NonExistentQueue")
        record(tx, "dead_letter", params)
        return {"MessageId": "1"}

    def send(
        self,
        key: str = "k",
        *,
        service: str = "near",
        operation: str = "Do",
        attempts: int = 185,
        age: int = 86_400,
        dead_letter: str | None = DEAD_LETTER_QUEUE,
    ) -> None:
        """Send a delivery and run the work that is due immediately."""
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

    def recorded(self, kind: str) -> list[Json]:
        """Return the recorded entries of a kind, in order."""
        if not self.rows("SELECT 1 FROM sqlite_master WHERE name = 'records'"):
            return []
        return [loads(body) for (body,) in self.rows(f"SELECT body FROM records WHERE kind = '{kind}' ORDER BY id")]

    def retry_delays(self) -> list[int]:
        """Return the milliseconds from now until each retry."""
        rows = self.rows("SELECT due FROM timers WHERE service = 'sender'")
        return [due - self.clock.monotonic() for (due,) in rows]
