"""Follow work that continues after its call (.sync) until its end, and cancel it on request.

Guarantees that the end of work at a service of this engine is handled in the transaction in which the work ends. A
service elsewhere is polled, less often the longer the work takes, and also by the next engine after a restart.
See https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from botocore.model import ServiceModel

from lamplighter.asl.definition.model import Resource
from lamplighter.asl.definition.parse import parse_resource
from lamplighter.asl.execution.messages import Event as MachineEvent
from lamplighter.asl.execution.messages import TaskFailed, TaskSucceeded
from lamplighter.base import arn
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.base.world import iso
from lamplighter.bus import Bus, Caller, Event
from lamplighter.outbound.aws import RemoteServices
from lamplighter.services.states import outbox_rows
from lamplighter.services.states.calls.integrations import SERVICES, CallBinding, bind_resource
from lamplighter.services.states.calls.parameter_casing import to_states
from lamplighter.services.states.calls.sync_rules import SyncOutcome, SyncRule
from lamplighter.services.states.executions.driver import Driver
from lamplighter.services.states.outbox_rows import CancelCall, PollCall
from lamplighter.services.states.tables import frames
from lamplighter.services.states.tables.frames import Work
from lamplighter.store import outbox
from lamplighter.store.db import Tx

log = logging.getLogger("lamplighter.states")

Models = Callable[[str], ServiceModel]
SHORTEST, LONGEST = 1.0, 15.0
"""The shortest and longest time between two polls, in seconds."""


@dataclass(frozen=True, slots=True)
class SyncCall:
    """A piece of work that continues after its call, and the rule for following it."""

    work: Work
    resource: Resource
    binding: CallBinding
    sync: SyncRule
    execution: str
    """The ARN of the execution that waits for the work."""


class SyncCalls:
    """The work of `.sync` calls for which executions wait."""

    def __init__(self, bus: Bus, driver: Driver, models: Models, remote: RemoteServices) -> None:
        self._bus = bus
        self._driver = driver
        self._queries = driver.queries
        self._models = models
        self._remote = remote
        syncs = [action.sync for service in SERVICES.values() for action in service.actions.values() if action.sync]
        for sync in syncs:
            if sync.source:
                bus.subscribe(sync.source, self._listener(sync), frames.has_watches)

    def begin(self, tx: Tx, followed: SyncCall, names: list[str]) -> None:
        """Start to follow work that has these names at its service."""
        for name in names:
            frames.add_watch(tx, name, followed.work)
        if followed.sync.source:
            self._check_ended(tx, followed)
            return
        work = followed.work
        row = PollCall(work.execution, work.frame, work.number, followed.resource.text, followed.execution)
        outbox_rows.put(tx, row)

    async def handle_row(self, key: int, row: PollCall | CancelCall) -> None:
        """Process an outbox row: poll work elsewhere until its end, or cancel work."""
        resource = parse_resource(row.resource)
        binding = bind_resource(resource) if resource is not None else None
        if resource is None or binding is None or binding.sync is None:
            await self._bus.store.write_with_retry(lambda tx: outbox.delete(tx, key))
        elif isinstance(row, CancelCall):
            await self._cancel(key, row, binding, binding.sync)
        else:
            await self._poll_until_ended(key, SyncCall(row.work, resource, binding, binding.sync, row.arn))

    # --- services of this engine --------------------------------------------------------------------------------------

    def _listener(self, sync: SyncRule) -> Callable[[Tx, Event], None]:
        """Return a listener that checks, for each event that reports an end, the work that it names."""

        def hear(tx: Tx, event: Event) -> None:
            if not sync.ended(event.detail):
                return
            for name in event.resources:
                for work in frames.work_of_name(tx, name):
                    self._on_event(tx, work)

        return hear

    def _on_event(self, tx: Tx, work: Work) -> None:
        resource, execution = self._queries.resource_of(tx, work), self._queries.execution_of(tx, work)
        binding = bind_resource(resource) if resource is not None else None
        if resource is None or execution is None or binding is None or binding.sync is None:
            frames.delete_watches(tx, work)
        else:
            self._check_ended(tx, SyncCall(work, resource, binding, binding.sync, execution.arn))

    def _check_ended(self, tx: Tx, followed: SyncCall) -> None:
        """Read the work's state and send the end, if it has ended, to the execution."""
        names = frames.names_of_work(tx, followed.work)
        if not names:
            return
        caller, service, sync = caller_of(followed.execution), followed.binding.service, followed.sync
        described = self._bus.invoke(tx, caller, service, *sync.describe(names))
        outcome = sync.judge(described)
        if outcome is not None and not self._ended_too_late(tx, followed.work, sync.over(described)):
            self._resume_execution(tx, followed, outcome)

    def _ended_too_late(self, tx: Tx, work: Work, over: int | None) -> bool:
        """Return whether a timeout of the work was due before its end, although that timer has not fired yet.

        This happens if the work ended while no engine ran. Then the timeout counts, because it came first.
        """
        if over is None:
            return False
        return self._queries.timed_out_before(tx, work, over)

    def _resume_execution(self, tx: Tx, followed: SyncCall, outcome: SyncOutcome) -> None:
        work = followed.work
        frames.delete_watches(tx, work)
        output = self._output(followed, outcome)
        event: MachineEvent = (
            TaskFailed(work.frame, work.number, "States.TaskFailed", dumps(output))
            if outcome.failed
            else TaskSucceeded(work.frame, work.number, output)
        )
        self._driver.send_event(tx, work.execution, event)

    def _output(self, followed: SyncCall, outcome: SyncOutcome) -> Json:
        binding = followed.binding
        operation, member = followed.sync.shape
        shape = self._models(binding.service).operation_model(operation).output_shape
        if member:
            shape = shape.members[member]
            if not isinstance(outcome.output, list) and shape.type_name == "list":
                shape = shape.member
        output = to_states(shape, outcome.output, instant(binding))
        return _parsed(output) if followed.resource.pattern == "sync:2" else output

    # --- services elsewhere -------------------------------------------------------------------------------------------

    async def _poll_until_ended(self, key: int, followed: SyncCall) -> None:
        """Poll until the work has ended, or the execution no longer waits for it."""
        for seconds in _pauses():
            names = await self._bus.store.write_with_retry(lambda tx: self._names(tx, followed.work))
            outcome = await self._ask(followed, names) if names else None
            if outcome is not None or not names:
                await self._bus.store.write_with_retry(partial(self._conclude, key, followed, outcome))
                return
            await asyncio.sleep(seconds)

    def _names(self, tx: Tx, work: Work) -> list[str]:
        return frames.names_of_work(tx, work) if self._queries.waits_for(tx, work) else []

    async def _ask(self, followed: SyncCall, names: list[str]) -> SyncOutcome | None:
        service, region = followed.binding.service, caller_of(followed.execution).region
        try:
            described = await self._remote.call(service, *followed.sync.describe(names), region)
            return followed.sync.judge(described)
        except AwsError as error:
            log.warning("cannot read the state of %s from %s: %s", names[0], service, error)
        except (LookupError, TypeError) as error:
            log.warning("the answer about %s from %s is invalid: %r", names[0], service, error)
        return None

    def _conclude(self, key: int, followed: SyncCall, outcome: SyncOutcome | None, tx: Tx) -> None:
        if outbox.delete(tx, key) and outcome is not None:
            self._resume_execution(tx, followed, outcome)

    # --- cancelling ---------------------------------------------------------------------------------------------------

    async def _cancel(self, key: int, row: CancelCall, binding: CallBinding, sync: SyncRule) -> None:
        """Make the calls that stop the work; log a warning if one fails."""
        calls = [sync.cancel(name, row.arn) for name in row.names]
        if sync.source:
            await self._bus.store.write_with_retry(lambda tx: self._cancel_here(tx, key, row, binding, calls))
            return
        region = caller_of(row.arn).region
        for call in calls:
            try:
                await self._remote.call(binding.service, *call, region)
            except AwsError as error:
                log.warning("cancelling failed: %s %s: %s", binding.service, call, error)
        await self._bus.store.write_with_retry(lambda tx: outbox.delete(tx, key))

    def _cancel_here(
        self, tx: Tx, key: int, row: CancelCall, binding: CallBinding, calls: list[tuple[str, Json]]
    ) -> None:
        if not outbox.delete(tx, key):
            return
        for call in calls:
            try:
                with tx.nested():
                    self._bus.invoke(tx, caller_of(row.arn), binding.service, *call)
            except AwsError as error:
                log.warning("cancelling failed: %s %s: %s", binding.service, call, error)


def _pauses() -> Iterator[float]:
    """Yield the seconds between one poll and the next."""
    seconds = SHORTEST
    while True:
        yield seconds
        seconds = min(seconds * 1.5, LONGEST)


def caller_of(execution: str) -> Caller:
    """Return the account and region for which an execution makes its calls."""
    found = arn.parse(execution)
    assert found is not None
    return Caller(found.account, found.region)


def instant(binding: CallBinding) -> Callable[[float], Json]:
    """Return the function with which an integration renders a time given in seconds."""
    return (lambda seconds: iso(int(seconds * 1000))) if binding.iso else (lambda seconds: int(seconds * 1000))


def _parsed(output: Json) -> Json:
    """Parse an execution's input and output, which are JSON instead of text with `.sync:2`."""
    out = dict(output)
    for name in ("Input", "Output"):
        try:
            out[name] = loads(out[name])
        except (KeyError, TypeError, JsonError):
            continue
    return out
