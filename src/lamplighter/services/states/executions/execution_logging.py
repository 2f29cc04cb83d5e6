"""Log the history events of executions to their state machine's log group, one line of JSON for each event.

See https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html. Guarantees that events are logged in AWS's form,
in the transaction in which they happen. Logging never fails an execution: "publishing logs doesn't block or slow down
executions". If the log group was deleted, the events are not logged. A state machine without logging costs one
dictionary access.
"""

from collections import OrderedDict
from dataclasses import dataclass

from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.step import Step
from lamplighter.base.aws import arn
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.log_batches import batch_events
from lamplighter.base.world import World, format_iso_time
from lamplighter.bus import Bus, Caller, caller_of
from lamplighter.services.states.tables import state_machines
from lamplighter.store.db import Reader, Tx

SERVICE = "logs"
CACHE_SIZE = 128

DATA_FIELDS = ("input", "inputDetails", "output", "outputDetails", "parameters")
"""The fields of an event that hold execution data."""
MAX_DATA_BYTES = 248 * 1024
"""The most bytes of an escaped input or output in a log line.

"If escaped input or escaped output sent to CloudWatch Logs exceeds 248 KB, it will be truncated".
"""

FATAL_TYPES = frozenset({"ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"})
ERROR_SUFFIXES = ("Aborted", "Failed", "TimedOut", "FailStateEntered")
"""The suffixes of the types of error events: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The log group, level and content of the log of a revision's executions."""

    caller: Caller
    group: str
    level: str
    includes_data: bool
    """Whether execution data is included."""


class ExecutionLog:
    """The logs of one engine's executions."""

    def __init__(self, bus: Bus, world: World) -> None:
        self._bus = bus
        self._world = world
        self._revisions: OrderedDict[str, LogSettings | None] = OrderedDict()
        self._streams: dict[tuple[str, LogSettings], str] = {}
        """The log stream of each state machine and log group, for the lifetime of this engine."""

    def log_settings(self, reader: Reader, revision: str) -> LogSettings | None:
        """Return the log settings of a revision, or None if its executions are not logged."""
        if revision not in self._revisions:
            found = state_machines.get_revision(reader, revision)
            known = self._bus.serves(SERVICE, "PutLogEvents")
            self._revisions[revision] = _parse_settings(found.settings) if found and known else None
            if len(self._revisions) > CACHE_SIZE:
                self._revisions.popitem(last=False)
        return self._revisions[revision]

    def write(self, tx: Tx, revision: str, step: Step) -> None:
        """Log the events of a step."""
        settings = self.log_settings(tx, revision)
        if settings is None:
            return
        execution = step.execution
        read = (loads(entry) for entry in step.entries)
        logged = [event for event in read if _is_logged(event["type"], settings.level)]
        events = [
            (round(event["timestamp"] * 1000), dumps(log_line(event, execution, includes_data=settings.includes_data)))
            for event in logged
        ]
        for batch in batch_events(events):
            self._put_batch(tx, execution.machine_name, settings, batch)

    def _put_batch(self, tx: Tx, machine: str, settings: LogSettings, batch: list[tuple[int, str]]) -> None:
        """Put events into the state machine's stream; create a new stream if there is none or it was deleted."""
        key = (machine, settings)
        stream = self._streams.get(key)
        if stream is None or not self._send(tx, settings, stream, batch):
            stream = self._streams[key] = self._new_stream_name(machine)
            names = {"logGroupName": settings.group, "logStreamName": stream}
            if self._call_logs(tx, settings, "CreateLogStream", names):
                self._send(tx, settings, stream, batch)

    def _new_stream_name(self, machine: str) -> str:
        """Return a stream name in AWS's form: states/name-of-the-machine/2026-01-01-00-00/1a2b3c4d."""
        minute = format_iso_time(self._world.now())[:16].replace("T", "-").replace(":", "-")
        return f"states/{machine}/{minute}/{self._world.uuid()[:8]}"

    def _send(self, tx: Tx, settings: LogSettings, stream: str, batch: list[tuple[int, str]]) -> bool:
        listed = [{"timestamp": time, "message": message} for time, message in batch]
        params = {"logGroupName": settings.group, "logStreamName": stream, "logEvents": listed}
        return self._call_logs(tx, settings, "PutLogEvents", params)

    def _call_logs(self, tx: Tx, settings: LogSettings, operation: str, params: Json) -> bool:
        """Call an operation of CloudWatch Logs; return False, and undo its writes, if it fails."""
        try:
            with tx.nested():
                self._bus.invoke(tx, settings.caller, SERVICE, operation, params)
        except AwsError:
            return False
        return True


def _parse_settings(settings: Json) -> LogSettings | None:
    configuration = settings.get("loggingConfiguration", {})
    destinations = configuration.get("destinations")
    if configuration.get("level", "OFF") == "OFF" or not destinations:
        return None
    group = destinations[0]["cloudWatchLogsLogGroup"]["logGroupArn"]
    name = arn.parse_known(group).resource.removeprefix("log-group:").removesuffix(":*")
    return LogSettings(caller_of(group), name, configuration["level"], configuration.get("includeExecutionData", False))


def _is_logged(kind: str, level: str) -> bool:
    return level == "ALL" or kind in FATAL_TYPES or (level == "ERROR" and kind.endswith(ERROR_SUFFIXES))


def log_line(event: Json, execution: Execution, *, includes_data: bool) -> Json:
    """Return the log line of a history event."""
    found: Json = next((event[field] for field in event if field.endswith("EventDetails")), {})
    details = found if includes_data else {name: value for name, value in found.items() if name not in DATA_FIELDS}
    return {
        "id": str(event["id"]),
        "type": event["type"],
        "details": _truncate_data(details),
        "previous_event_id": str(event["previousEventId"]),
        "event_timestamp": str(round(event["timestamp"] * 1000)),
        "execution_arn": execution.arn,
        "redrive_count": str(execution.redrives),
    }


def _truncate_data(details: Json) -> Json:
    """Truncate the input and output of the details if they are too long."""
    for name in ("input", "output"):
        text = details.get(name)
        if text is not None and len(text) * 2 > MAX_DATA_BYTES and len(dumps(text).encode()) > MAX_DATA_BYTES:
            details = details | {name: _truncate_text(text), f"{name}Details": {"truncated": True}}
    return details


def _truncate_text(text: str) -> str:
    """Return the longest beginning of a text that is at most MAX_DATA_BYTES bytes when escaped."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(dumps(text[:middle]).encode()) <= MAX_DATA_BYTES else (low, middle - 1)
    return text[:low]
