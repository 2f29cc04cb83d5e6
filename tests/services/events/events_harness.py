"""A harness with EventBridge, and with targets that note what comes to them: SQS, SNS and CloudWatch Logs."""

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import Caller, Operation
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.outbound.fake import FakeOutbound
from lamplighter.store.db import Tx
from tests.delivery.delivery_harness import note
from tests.engine_harness import ACCOUNT, REGION, ROLE, EngineHarness, RecordingEngine

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:in"
DEAD = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:news"
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/events/all"
ANY: Json = {"source": [{"anything-but": {"prefix": "aws."}}]}
"""All but what our own services tell: an execution that is started tells of that."""


class EventsHarness(EngineHarness):
    """The harness. `refusals`: what calls of SQS are answered with, in order, before one is taken."""

    def __init__(self, *args: Json) -> None:
        super().__init__(*args)
        self.refusals: list[AwsError] = []
        self.beyond = FakeOutbound()

    async def _open(self) -> Engine:
        harness = self

        class Targeted(RecordingEngine):
            def serve_stubs(self) -> None:
                self.bus.serve("sqs", {"SendMessage": Operation(write=harness.take("sqs"))})
                self.bus.serve("sns", {"Publish": Operation(write=harness.take("sns"))})
                log = {name: Operation(write=harness.take(name)) for name in ("CreateLogStream", "PutLogEvents")}
                self.bus.serve("logs", log)

        beyond = self.beyond.outbound
        return await Targeted.open(EngineConfig(data_directory=self.directory), self._world, self.runtime, beyond)

    def take(self, kind: str) -> Json:
        def operation(tx: Tx, _caller: Caller, params: Json) -> Json:
            dead = params.get("QueueUrl", "").endswith("/dead")
            if kind == "sqs" and not dead and self.refusals:
                raise self.refusals.pop(0)
            note(tx, "dead" if dead else kind, params)
            return {"MessageId": "1"}

        return operation

    # --- what a user does ---------------------------------------------------------------------------------------------

    def events(self, operation: str, **params: Json) -> Json:
        """Call an operation of EventBridge."""
        return self.call("events", operation, **params)

    def refused(self, operation: str, **params: Json) -> tuple[str, str]:
        """The code and message of the error in which a call ends."""
        try:
            self.events(operation, **params)
        except AwsError as error:
            return error.code, error.message
        raise AssertionError(f"{operation} was not refused")

    def rule(self, pattern: Json = None, *targets: Json, name: str = "rule", **params: Json) -> str:
        """Make a rule with targets; its ARN."""
        wanted = {} if "ScheduleExpression" in params else {"EventPattern": dumps(pattern or ANY)}
        answer = self.events("PutRule", Name=name, **wanted, **params)
        if targets:
            bus = {"EventBusName": params["EventBusName"]} if "EventBusName" in params else {}
            self.events("PutTargets", Rule=name, Targets=list(targets), **bus)
        arn: str = answer["RuleArn"]
        return arn

    def put(self, detail: Json = None, source: str = "shop", bus: str | None = None, **entry: Json) -> str:
        """Put an event; its id."""
        named = {"EventBusName": bus} if bus else {}
        event = {"Source": source, "DetailType": "Order", "Detail": dumps(detail or {})} | named | entry
        answer = self.events("PutEvents", Entries=[event])
        assert answer["FailedEntryCount"] == 0, answer
        self.settle()
        found: str = answer["Entries"][0]["EventId"]
        return found

    def notes(self, kind: str) -> list[Json]:
        """What came to a target."""
        if not self.rows("SELECT 1 FROM sqlite_master WHERE name = 'notes'"):
            return []
        return [loads(body) for (body,) in self.rows(f"SELECT body FROM notes WHERE kind = '{kind}' ORDER BY id")]

    def messages(self) -> list[Json]:
        """The bodies of what came to the queue."""
        return [loads(each["MessageBody"]) for each in self.notes("sqs")]

    def executions(self, machine: str) -> list[Json]:
        """The executions of a machine, the newest first."""
        found: list[Json] = self.call("states", "ListExecutions", stateMachineArn=machine)["executions"]
        return found


def to(arn: str, id: str = "1", **target: Json) -> Json:  # noqa: A002 - AWS's word
    """A target."""
    return {"Id": id, "Arn": arn, **target}


def to_machine(machine: str, **target: Json) -> Json:
    """A target that starts executions."""
    return to(machine, "machine", RoleArn=ROLE, **target)
