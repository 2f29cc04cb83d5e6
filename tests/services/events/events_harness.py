"""An engine harness with EventBridge and stub targets that record their calls: SQS, SNS and CloudWatch Logs."""

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import Caller, Operation
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.store.db import Tx
from tests.delivery.delivery_harness import record
from tests.engine_harness import ACCOUNT, REGION, ROLE, EngineHarness, RecordingEngine
from tests.fake_outbound import FakeOutbound

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:in"
DEAD_LETTER_QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:news"
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/events/all"
ANY_CUSTOM_EVENT: Json = {"source": [{"anything-but": {"prefix": "aws."}}]}
"""A pattern for all events except those of AWS services, such as the event of a started execution."""


class EventsHarness(EngineHarness):
    """An engine harness with EventBridge; the next calls of SQS fail with the errors in `sqs_errors`."""

    def __init__(self, *args: Json) -> None:
        super().__init__(*args)
        self.sqs_errors: list[AwsError] = []
        self.fake_outbound = FakeOutbound()

    async def _open(self) -> Engine:
        harness = self

        class EngineWithStubs(RecordingEngine):
            def serve_stubs(self) -> None:
                self.bus.serve("sqs", {"SendMessage": Operation(write=harness.record_calls("sqs"))})
                self.bus.serve("sns", {"Publish": Operation(write=harness.record_calls("sns"))})
                log = {
                    name: Operation(write=harness.record_calls(name)) for name in ("CreateLogStream", "PutLogEvents")
                }
                self.bus.serve("logs", log)

        outbound = self.fake_outbound.outbound
        return await EngineWithStubs.open(
            EngineConfig(data_directory=self.directory), self._world, self.runtime, outbound
        )

    def record_calls(self, kind: str) -> Json:
        def operation(tx: Tx, _caller: Caller, params: Json) -> Json:
            dead = params.get("QueueUrl", "").endswith("/dead")
            if kind == "sqs" and not dead and self.sqs_errors:
                raise self.sqs_errors.pop(0)
            record(tx, "dead" if dead else kind, params)
            return {"MessageId": "1"}

        return operation

    # --- what a user does ---------------------------------------------------------------------------------------------

    def events(self, operation: str, **params: Json) -> Json:
        """Call an operation of EventBridge."""
        return self.call("events", operation, **params)

    def expect_error(self, operation: str, **params: Json) -> tuple[str, str]:
        """Call an operation that must fail, and return the code and the message of its error."""
        try:
            self.events(operation, **params)
        except AwsError as error:
            return error.code, error.message
        raise AssertionError(f"{operation} was not refused")

    def put_rule(self, pattern: Json = None, *targets: Json, name: str = "rule", **params: Json) -> str:
        """Put a rule and its targets, and return the rule's ARN."""
        trigger = {} if "ScheduleExpression" in params else {"EventPattern": dumps(pattern or ANY_CUSTOM_EVENT)}
        answer = self.events("PutRule", Name=name, **trigger, **params)
        if targets:
            bus = {"EventBusName": params["EventBusName"]} if "EventBusName" in params else {}
            self.events("PutTargets", Rule=name, Targets=list(targets), **bus)
        arn: str = answer["RuleArn"]
        return arn

    def put_event(self, detail: Json = None, source: str = "shop", bus: str | None = None, **entry: Json) -> str:
        """Put an event and return its id."""
        named = {"EventBusName": bus} if bus else {}
        event = {"Source": source, "DetailType": "Order", "Detail": dumps(detail or {})} | named | entry
        answer = self.events("PutEvents", Entries=[event])
        assert answer["FailedEntryCount"] == 0, answer
        self.settle()
        found: str = answer["Entries"][0]["EventId"]
        return found

    def recorded_calls(self, kind: str) -> list[Json]:
        """Return the parameters of the calls that a target received."""
        if not self.rows("SELECT 1 FROM sqlite_master WHERE name = 'records'"):
            return []
        return [loads(body) for (body,) in self.rows(f"SELECT body FROM records WHERE kind = '{kind}' ORDER BY id")]

    def messages(self) -> list[Json]:
        """Return the bodies of the messages that the queue received."""
        return [loads(each["MessageBody"]) for each in self.recorded_calls("sqs")]

    def list_executions(self, machine: str) -> list[Json]:
        """Return the executions of a machine, newest first."""
        found: list[Json] = self.call("states", "ListExecutions", stateMachineArn=machine)["executions"]
        return found


def make_target(arn: str, id: str = "1", **target: Json) -> Json:  # noqa: A002 - AWS's word
    """Return a target."""
    return {"Id": id, "Arn": arn, **target}


def make_machine_target(machine: str, **target: Json) -> Json:
    """Return a target that starts executions."""
    return make_target(machine, "machine", RoleArn=ROLE, **target)
