"""What executions log: their history events, each as a line of JSON in the log group of their state machine.

See https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html. Promises that events are logged in the
transaction in which they happen, in the form of AWS, and that an execution does not notice: "publishing logs doesn't
block or slow down executions", and where the log group is gone nothing is logged. A state machine that logs nothing
costs a look into a dictionary.
"""

from collections import OrderedDict
from dataclasses import dataclass

from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.step import Step
from lamplighter.base import arn
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import World, iso
from lamplighter.bus import Bus, Caller
from lamplighter.lang.log_batches import batch_events
from lamplighter.services.states.tables import state_machines
from lamplighter.store.db import Reader, Tx

SERVICE = "logs"
CACHED = 128

DOCUMENTS = ("input", "inputDetails", "output", "outputDetails", "parameters")
"""What of an event is execution data."""
LARGEST = 248 * 1024
"""If escaped input or escaped output sent to CloudWatch Logs exceeds 248 KB, it will be truncated."""

FATAL = frozenset({"ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"})
ERRORS = ("Aborted", "Failed", "TimedOut", "FailStateEntered")
"""How the types of events end that are errors: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Where and what the executions of a revision log."""

    caller: Caller
    group: str
    level: str
    data: bool
    """Whether execution data is included."""


class ExecutionLog:
    """Logs what happens to executions."""

    def __init__(self, bus: Bus, world: World) -> None:
        self._bus = bus
        self._world = world
        self._revisions: OrderedDict[str, LogSettings | None] = OrderedDict()
        self._streams: dict[tuple[str, LogSettings], str] = {}
        """The stream that each state machine has in its group as long as this engine lives."""

    def logging(self, reader: Reader, revision: str) -> LogSettings | None:
        """What a revision's executions log; None where they do not."""
        if revision not in self._revisions:
            found = state_machines.get_revision(reader, revision)
            known = self._bus.serves(SERVICE, "PutLogEvents")
            self._revisions[revision] = _logging(found.settings) if found and known else None
            if len(self._revisions) > CACHED:
                self._revisions.popitem(last=False)
        return self._revisions[revision]

    def write(self, tx: Tx, revision: str, step: Step) -> None:
        """Log the events of a step."""
        to = self.logging(tx, revision)
        if to is None:
            return
        execution = step.execution
        read = (loads(entry) for entry in step.entries)
        wanted = [event for event in read if _is_logged(event["type"], to.level)]
        events = [
            (round(event["timestamp"] * 1000), dumps(log_line(event, execution, data=to.data))) for event in wanted
        ]
        for batch in batch_events(events):
            self._put(tx, execution.machine_name, to, batch)

    def _put(self, tx: Tx, machine: str, to: LogSettings, batch: list[tuple[int, str]]) -> None:
        """Put events into the stream of a state machine; into a new one, where it has none or its own is deleted."""
        key = (machine, to)
        stream = self._streams.get(key)
        if stream is None or not self._send(tx, to, stream, batch):
            stream = self._streams[key] = self._name(machine)
            names = {"logGroupName": to.group, "logStreamName": stream}
            if self._try(tx, to, "CreateLogStream", names):
                self._send(tx, to, stream, batch)

    def _name(self, machine: str) -> str:
        """As on AWS: states/name-of-the-machine/2026-01-01-00-00/1a2b3c4d."""
        minute = iso(self._world.now())[:16].replace("T", "-").replace(":", "-")
        return f"states/{machine}/{minute}/{self._world.uuid()[:8]}"

    def _send(self, tx: Tx, to: LogSettings, stream: str, batch: list[tuple[int, str]]) -> bool:
        listed = [{"timestamp": time, "message": message} for time, message in batch]
        params = {"logGroupName": to.group, "logStreamName": stream, "logEvents": listed}
        return self._try(tx, to, "PutLogEvents", params)

    def _try(self, tx: Tx, to: LogSettings, operation: str, params: Json) -> bool:
        """Call an operation of CloudWatch Logs; False where it is refused, and nothing came of it."""
        try:
            with tx.nested():
                self._bus.invoke(tx, to.caller, SERVICE, operation, params)
        except AwsError:
            return False
        return True


def _logging(settings: Json) -> LogSettings | None:
    configuration = settings.get("loggingConfiguration", {})
    destinations = configuration.get("destinations")
    if configuration.get("level", "OFF") == "OFF" or not destinations:
        return None
    group = arn.parse(destinations[0]["cloudWatchLogsLogGroup"]["logGroupArn"])
    assert group is not None
    name = group.resource.removeprefix("log-group:").removesuffix(":*")
    caller = Caller(group.account, group.region)
    return LogSettings(caller, name, configuration["level"], configuration.get("includeExecutionData", False))


def _is_logged(kind: str, level: str) -> bool:
    return level == "ALL" or kind in FATAL or (level == "ERROR" and kind.endswith(ERRORS))


def log_line(event: Json, execution: Execution, *, data: bool) -> Json:
    """An event of the history, in the form in which it is logged."""
    found: Json = next((event[field] for field in event if field.endswith("EventDetails")), {})
    details = found if data else {name: value for name, value in found.items() if name not in DOCUMENTS}
    return {
        "id": str(event["id"]),
        "type": event["type"],
        "details": _cut(details),
        "previous_event_id": str(event["previousEventId"]),
        "event_timestamp": str(round(event["timestamp"] * 1000)),
        "execution_arn": execution.arn,
        "redrive_count": str(execution.redrives),
    }


def _cut(details: Json) -> Json:
    """The details, without what is too long of their input and output."""
    for name in ("input", "output"):
        text = details.get(name)
        if text is not None and len(text) * 2 > LARGEST and len(dumps(text).encode()) > LARGEST:
            details = details | {name: _shortened(text), f"{name}Details": {"truncated": True}}
    return details


def _shortened(text: str) -> str:
    """The beginning of a text, as much of it as is at most so long when it is escaped."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(dumps(text[:middle]).encode()) <= LARGEST else (low, middle - 1)
    return text[:low]
