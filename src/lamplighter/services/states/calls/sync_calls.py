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

from lamplighter.asl.definition.model import Resource
from lamplighter.asl.definition.parse import parse_resource
from lamplighter.asl.execution.messages import Event as MachineEvent
from lamplighter.asl.execution.messages import TaskFailed, TaskSucceeded
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.base.world import format_iso_time
from lamplighter.bus import Bus, Caller, Event, caller_of
from lamplighter.outbound.aws import RemoteServices
from lamplighter.services.states import outbox_rows
from lamplighter.services.states.executions.driver import Driver
from lamplighter.services.states.integrations.integrations import SERVICES, CallBinding, Models, bind_resource
from lamplighter.services.states.integrations.parameter_conversion import to_states
from lamplighter.services.states.integrations.sync_rules import SyncOutcome, SyncRule
from lamplighter.services.states.integrations.task_caller_role import TaskRoles, caller_of_task
from lamplighter.services.states.outbox_rows import CancelCall, PollCall
from lamplighter.services.states.tables import executions, external_names
from lamplighter.services.states.tables.external_names import Work
from lamplighter.store import outbox
from lamplighter.store.db import Tx

log = logging.getLogger("lamplighter.states")

MIN_POLL_SECONDS, MAX_POLL_SECONDS = 1.0, 15.0
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
        self._pending_work = driver.pending_work
        self._models = models
        self._remote = remote
        driver.on_followed = self._check_work
        syncs = [action.sync for service in SERVICES.values() for action in service.actions.values() if action.sync]
        for sync in syncs:
            if sync.event_source:
                bus.subscribe(sync.event_source, self._listener(sync), external_names.any_exists)

    def follow(self, tx: Tx, sync_call: SyncCall) -> None:
        """Start to follow work whose names at its service are stored; it may have ended already."""
        if sync_call.sync.event_source:
            self._resume_if_ended(tx, sync_call)
            return
        outbox_rows.put(tx, PollCall(*sync_call.work, sync_call.resource.text, sync_call.execution))

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

        def on_event(tx: Tx, event: Event) -> None:
            if not sync.is_end_event(event.detail):
                return
            for name in event.resources:
                for work in external_names.work_by_name(tx, name):
                    self._check_work(tx, work)

        return on_event

    def _check_work(self, tx: Tx, work: Work) -> None:
        resource, execution = self._pending_work.call_of(tx, work) or (None, "")
        binding = bind_resource(resource) if resource is not None else None
        if resource is None or binding is None or binding.sync is None:
            external_names.delete(tx, work)
        else:
            self._resume_if_ended(tx, SyncCall(work, resource, binding, binding.sync, execution))

    def _resume_if_ended(self, tx: Tx, sync_call: SyncCall) -> None:
        """Read the work's state and send the end, if it has ended, to the execution."""
        names = external_names.names_of_work(tx, sync_call.work)
        if not names:
            return
        caller, service, sync = caller_of(sync_call.execution), sync_call.binding.service, sync_call.sync
        described = self._bus.invoke(tx, caller, service, *sync.describe(names))
        outcome = sync.read_outcome(described)
        if outcome is None:
            return
        # If the work ended while no engine ran, a timeout that was due before, but has not fired, counts.
        end_time = sync.end_time(described)
        if end_time is None or not self._pending_work.timed_out_before(tx, sync_call.work, end_time):
            self._resume_execution(tx, sync_call, outcome, end_time)

    def _resume_execution(self, tx: Tx, sync_call: SyncCall, outcome: SyncOutcome, ended: int | None = None) -> None:
        work = sync_call.work
        external_names.delete(tx, work)
        output = self._output(sync_call, outcome)
        event: MachineEvent = (
            TaskFailed(work.frame, work.number, "States.TaskFailed", dumps(output))
            if outcome.failed
            else TaskSucceeded(work.frame, work.number, output)
        )
        self._driver.send_event(tx, work.execution, event, ended)

    def _output(self, sync_call: SyncCall, outcome: SyncOutcome) -> Json:
        binding = sync_call.binding
        operation, member = sync_call.sync.outcome_shape
        shape = self._models(binding.service).operation_model(operation).output_shape
        if member and shape is not None:
            shape = shape.members[member]
            if not isinstance(outcome.output, list) and shape.type_name == "list":
                shape = shape.member
        output = to_states(shape, outcome.output, time_renderer(binding))
        return _parse_input_and_output(output) if sync_call.resource.pattern == "sync:2" else output

    # --- services elsewhere -------------------------------------------------------------------------------------------

    async def _poll_until_ended(self, key: int, sync_call: SyncCall) -> None:
        """Poll until the work has ended, or the execution no longer waits for it."""
        for seconds in _poll_intervals():
            names = await self._bus.store.write_with_retry(lambda tx: self._external_names(tx, sync_call.work))
            outcome = await self._read_state(sync_call, names) if names else None
            if outcome is not None or not names:
                await self._bus.store.write_with_retry(partial(self._end_polling, key, sync_call, outcome))
                return
            await asyncio.sleep(seconds)

    def _external_names(self, tx: Tx, work: Work) -> list[str]:
        return external_names.names_of_work(tx, work) if self._pending_work.waits_for(tx, work) else []

    async def _read_state(self, sync_call: SyncCall, names: list[str]) -> SyncOutcome | None:
        service, region = sync_call.binding.service, caller_of(sync_call.execution).region
        try:
            described = await self._remote.call(service, *sync_call.sync.describe(names), region)
            return sync_call.sync.read_outcome(described)
        except AwsError as error:
            log.warning("cannot read the state of %s from %s: %s", names[0], service, error)
        except (LookupError, TypeError) as error:
            log.warning("the answer about %s from %s is invalid: %r", names[0], service, error)
        return None

    def _end_polling(self, key: int, sync_call: SyncCall, outcome: SyncOutcome | None, tx: Tx) -> None:
        if outbox.delete(tx, key) and outcome is not None:
            self._resume_execution(tx, sync_call, outcome)

    # --- cancelling ---------------------------------------------------------------------------------------------------

    async def _cancel(self, key: int, row: CancelCall, binding: CallBinding, sync: SyncRule) -> None:
        """Make the calls that stop the work; log a warning if one fails."""
        calls = [sync.cancel(name, row.arn) for name in row.names]
        if sync.event_source:
            await self._bus.store.write_with_retry(lambda tx: self._cancel_in_engine(tx, key, row, binding, calls))
            return
        region = caller_of(row.arn).region
        for call in calls:
            try:
                await self._remote.call(binding.service, *call, region)
            except AwsError as error:
                log.warning("cancelling failed: %s %s: %s", binding.service, call, error)
        await self._bus.store.write_with_retry(lambda tx: outbox.delete(tx, key))

    def _cancel_in_engine(
        self, tx: Tx, key: int, row: CancelCall, binding: CallBinding, calls: list[tuple[str, Json]]
    ) -> None:
        if not outbox.delete(tx, key):
            return
        caller = self._caller_of_cancel(tx, row)
        for call in calls:
            try:
                with tx.nested():
                    self._bus.check_access(tx, caller, binding.service, *call)
                    self._bus.invoke(tx, caller_of(row.arn), binding.service, *call)
            except AwsError as error:
                log.warning("cancelling failed: %s %s: %s", binding.service, call, error)

    def _caller_of_cancel(self, tx: Tx, row: CancelCall) -> Caller:
        """Return who stops work: "best effort", because the machine's role may lack the permission."""
        record = executions.get_by_id(tx, row.execution) if self._bus.guard is not None else None
        if record is None:
            return caller_of(row.arn)
        return caller_of_task(self._bus, tx, row.arn, TaskRoles(record.role, record.role))


def _poll_intervals() -> Iterator[float]:
    """Yield the seconds between one poll and the next."""
    seconds = MIN_POLL_SECONDS
    while True:
        yield seconds
        seconds = min(seconds * 1.5, MAX_POLL_SECONDS)


def time_renderer(binding: CallBinding) -> Callable[[float], Json]:
    """Return the function with which an integration renders a time given in seconds."""
    return (
        (lambda seconds: format_iso_time(int(seconds * 1000)))
        if binding.iso_times
        else (lambda seconds: int(seconds * 1000))
    )


def _parse_input_and_output(output: Json) -> Json:
    """Parse an execution's input and output, which are JSON instead of text with `.sync:2`."""
    out = dict(output)
    for name in ("Input", "Output"):
        try:
            out[name] = loads(out[name])
        except (KeyError, TypeError, JsonError):
            continue
    return out
