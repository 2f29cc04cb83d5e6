"""Send a container's output to CloudWatch Logs while the container runs (the awslogs driver).

Each line is an event. If the definition says how a message begins, several lines form one event (`multiline.py`).

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html. Guarantees that no line is lost
and none is sent twice, even if the engine is killed: the transaction that sends lines also stores their number, and
after a restart the copy of the output goes on before the first unsent line. Like AWS's driver it drops empty lines,
splits long messages, and skips what CloudWatch Logs rejects (the group may be deleted while the container runs); the
output file contains everything. The options for the mode and the buffer size are stored but have no effect, because
output never blocks.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.base.log_batches import batch_events, split_message
from lamplighter.bus import Bus, Caller
from lamplighter.runs.tasks.log_stream import log_stream_name
from lamplighter.runtime.output_line import OutputLine
from lamplighter.services.ecs.logs.multiline import compile_pattern, first_line_pattern
from lamplighter.services.ecs.tables import shipped_logs
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.services.ecs.tasks.runtime_retry import Pause
from lamplighter.store.db import Tx

log = logging.getLogger("lamplighter.ecs")

SERVICE = "logs"
BATCH_SECONDS = 1.0
"""Seconds that a line waits for further lines."""
MESSAGE_WAIT_MILLISECONDS = 5_000
"""Milliseconds that an incomplete message waits for further lines."""
STREAMS = ("stdout", "stderr")
MAX_WAITING_LINES, MAX_WAITING_CHARACTERS = 2_000, 256 * 1024
"""The most lines and characters that wait; to send them keeps the engine busy for a few milliseconds."""

NumberedLine = tuple[int, OutputLine]
"""A line and its number within its stream."""


@dataclass(frozen=True, slots=True)
class LogDestination:
    """The log stream that receives a container's output."""

    caller: Caller
    group: str
    stream: str
    create: bool
    """True if a missing group is created."""
    fargate: bool
    first_line_regex: str | None = None
    """The expression that matches the first line of a message; None if each line is a message."""

    @property
    def names(self) -> dict[str, str]:
        """The parameters with which operations name the stream."""
        return {"logGroupName": self.group, "logStreamName": self.stream}


def log_destination(task: Task, agent: Caller, definition: Json, runtime_name: str) -> LogDestination | None:
    """Return the log stream of a task's container, or None if its definition does not use awslogs; `agent` writes it.

    "Use the awslogs-stream-prefix option to associate a log stream with the specified prefix, the container name, and
    the ID of the Amazon ECS task … prefix-name/container-name/ecs-task-id".
    """
    configuration = definition.get("logConfiguration") or {}
    if configuration.get("logDriver") != "awslogs":
        return None
    options = configuration.get("options") or {}
    prefix = options.get("awslogs-stream-prefix")
    return LogDestination(
        caller=replace(agent, region=options["awslogs-region"]),
        group=options["awslogs-group"],
        stream=log_stream_name(prefix, definition["name"], task.name) if prefix else runtime_name,
        create=options.get("awslogs-create-group") == "true",
        fargate=task.launch_type == "FARGATE",
        first_line_regex=first_line_pattern(options),
    )


def create_stream(bus: Bus, tx: Tx, destination: LogDestination) -> str | None:
    """Create the stream and, if requested, the group; return in ECS's words why the container must not start."""
    cause, pattern = None, destination.first_line_regex
    if pattern is not None and compile_pattern(pattern) is None:
        cause = f"awslogs could not parse multiline pattern option: error parsing regexp: `{pattern}`"
    cause = cause or _create_group_and_stream(bus, tx, destination)
    if cause is None:
        return None
    if destination.fargate:
        return f"ResourceInitializationError: failed to validate logger args: {cause} : exit status 1"
    return f"CannotStartContainerError: Error response from daemon: failed to initialize logging driver: {cause}"


def _create_group_and_stream(bus: Bus, tx: Tx, destination: LogDestination) -> str | None:
    """Create the stream, as Docker's driver does: only a missing group needs the permission to create groups."""
    cause = _create(bus, tx, destination, "stream", destination.names)
    if cause is None or not destination.create or "ResourceNotFoundException" not in cause:
        return cause
    failure = _create(bus, tx, destination, "group", {"logGroupName": destination.group})
    return failure or _create(bus, tx, destination, "stream", destination.names)


def _create(bus: Bus, tx: Tx, destination: LogDestination, what: str, params: Json) -> str | None:
    """Create a group or stream unless it exists; return why this failed, or None."""
    operation = f"CreateLog{what.capitalize()}"
    try:
        with tx.nested():
            bus.check_access(tx, destination.caller, SERVICE, operation, params)
            bus.invoke(tx, destination.caller, SERVICE, operation, params)
    except AwsError as error:
        if error.code != "ResourceAlreadyExistsException":
            retried = "create stream has been retried 1 times: " if destination.fargate else ""
            return f"{retried}failed to create Cloudwatch log {what}: {error.code}: {error.message}"
    return None


class LogShipper:
    """The sender of one container's output; `name` is the container's name in the runtime."""

    def __init__(self, bus: Bus, now: Callable[[], int], destination: LogDestination, name: str) -> None:
        self._bus = bus
        self._now = now
        self._destination = destination
        self._name = name
        pattern = destination.first_line_regex
        self._starts_message = None if pattern is None else compile_pattern(pattern)
        self._sent = shipped_logs.shipped_lines(bus.store.reader, name)
        self._waiting: list[NumberedLine] = []
        self._waiting_characters = 0
        self._sending = asyncio.Lock()
        self._has_lines = asyncio.Event()
        self._rejection_logged = False

    def has_sent(self, lines: tuple[int, int]) -> bool:
        """Return whether this many lines of standard output and of standard error are sent, and this is on disk."""
        return self._sent[0] >= lines[0] and self._sent[1] >= lines[1]

    async def add_line(self, number: int, line: OutputLine) -> None:
        """Add the next line and its number within its stream; if too many lines wait, send them before returning."""
        if self._waiting and self._waiting_characters + len(line.text) > MAX_WAITING_CHARACTERS:
            await self.send()
        self._waiting.append((number, line))
        self._waiting_characters += len(line.text)
        self._has_lines.set()
        if self._full:
            await self.send()

    @property
    def _full(self) -> bool:
        return len(self._waiting) >= MAX_WAITING_LINES or self._waiting_characters >= MAX_WAITING_CHARACTERS

    @contextlib.asynccontextmanager
    async def send_in_background(self, pause: Pause) -> AsyncIterator[None]:
        """Send lines shortly after they arrive; at the end, return when all are sent."""
        sending = asyncio.get_running_loop().create_task(self._send_periodically(pause))
        try:
            yield
            await self.send(last=True)
        finally:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sending

    async def _send_periodically(self, pause: Pause) -> None:
        """Send the waiting lines again and again, each time shortly after the first of them arrived."""
        while True:
            await self._has_lines.wait()
            await pause(BATCH_SECONDS)
            await self.send()

    async def send(self, *, last: bool = False) -> None:
        """Send the waiting lines, except a message that may continue; with `last`, no more lines come: send all."""
        async with self._sending:
            self._has_lines.clear()
            lines = self._take_sendable(last=last)
            try:
                if lines:
                    await self._put_unsent(lines)
            except BaseException:
                self._waiting = lines + self._waiting
                raise

    def _take_sendable(self, *, last: bool) -> list[NumberedLine]:
        """Remove and return the lines to send now; the others continue to wait."""
        lines, full = self._waiting, self._full
        self._waiting, self._waiting_characters = [], 0
        if self._starts_message is None or last or not lines:
            return lines
        start = max((at for at, (_, line) in enumerate(lines) if self._starts_message(line.text)), default=0)
        if self._now() - lines[start][1].time >= MESSAGE_WAIT_MILLISECONDS or (full and start == 0):
            return lines
        self._waiting = lines[start:]
        self._waiting_characters = sum(len(line.text) for _, line in self._waiting)
        self._has_lines.set()
        return lines[:start]

    def _messages(self, lines: list[NumberedLine]) -> Iterator[tuple[int, str]]:
        """Yield the messages that the lines form, each with the time of its first line."""
        message: list[OutputLine] = []
        for _, line in lines:
            if message and (self._starts_message is None or self._starts_message(line.text)):
                yield message[0].time, "\n".join(each.text for each in message)
                message = []
            message.append(line)
        if message:
            yield message[0].time, "\n".join(each.text for each in message)

    async def _put_unsent(self, lines: list[NumberedLine]) -> None:
        """Send those of the lines that were not sent before, and store how many are sent now."""
        while True:
            sent = shipped_logs.shipped_lines(self._bus.store.reader, self._name)
            unsent = [(number, line) for number, line in lines if number > sent[STREAMS.index(line.stream)]]
            numbers = _last_numbers(sent, unsent)
            if unsent:
                calls = await self._prepare_calls(unsent)
                if not await self._bus.store.write_with_retry(partial(self._put, sent, numbers, calls)):
                    continue
            self._sent = numbers
            return

    async def _prepare_calls(self, lines: list[NumberedLine]) -> list[Json]:
        """Return the parameters of PutLogEvents, after the work that would make a turn long; none if it is rejected."""
        events = [(time, piece) for time, message in self._messages(lines) for piece in split_message(message)]
        batches = [[{"timestamp": time, "message": text} for time, text in batch] for batch in batch_events(events)]
        names, caller = self._destination.names, self._destination.caller
        try:
            return [
                await self._bus.prepare(caller, SERVICE, "PutLogEvents", names | {"logEvents": batch})
                for batch in batches
            ]
        except AwsError as error:
            self._log_rejection(error)
            return []

    def _put(self, sent: tuple[int, int], numbers: tuple[int, int], calls: list[Json], tx: Tx) -> bool:
        """Make prepared calls, and store the new numbers of sent lines; return False if they have changed meanwhile."""
        if shipped_logs.shipped_lines(tx, self._name) != sent:
            return False
        try:
            with tx.nested():
                for params in calls:
                    call = self._destination.caller, SERVICE, "PutLogEvents", params
                    self._bus.check_access(tx, *call)
                    self._bus.invoke(tx, *call)
        except AwsError as error:
            self._log_rejection(error)
        shipped_logs.set_shipped(tx, self._name, numbers)
        return True

    def _log_rejection(self, error: AwsError) -> None:
        if not self._rejection_logged:
            log.warning("log group %s rejects the output of %s: %s", self._destination.group, self._name, error)
        self._rejection_logged = True


def _last_numbers(sent: tuple[int, int], lines: list[NumberedLine]) -> tuple[int, int]:
    """Return how many lines of each stream are sent after these lines."""
    stdout, stderr = (max((n for n, line in lines if line.stream == name), default=0) for name in STREAMS)
    return max(sent[0], stdout), max(sent[1], stderr)
