"""Start the tasks of executions: process the outbox rows that ask for a call.

A call of one of the engine's services is one transaction: the call, the outbox row and the event for the execution are
written together, so the call happens exactly once.
"""

import inspect
import logging
from collections.abc import Awaitable

from lamplighter.asl.definition.model import Resource
from lamplighter.asl.definition.parse import parse_resource
from lamplighter.asl.execution.messages import Event as MachineEvent
from lamplighter.asl.execution.messages import TaskFailed
from lamplighter.base.errors import AwsError, Bug, require
from lamplighter.base.json_text import Json, dumps
from lamplighter.bus import Bus
from lamplighter.services.states.activities.activity_polls import ActivityPolls
from lamplighter.services.states.calls.service_calls import ServiceCalls
from lamplighter.services.states.calls.sync_calls import SyncCall, SyncCalls
from lamplighter.services.states.executions.driver import Driver
from lamplighter.services.states.integrations.integrations import CallBinding, bind_resource
from lamplighter.services.states.integrations.parameter_conversion import ParametersRefused
from lamplighter.services.states.integrations.task_caller_role import TaskRoles
from lamplighter.services.states.outbox_rows import StartCall
from lamplighter.services.states.steps.isolated_steps import INTERNAL_ERROR
from lamplighter.services.states.tables import executions, external_names
from lamplighter.store import outbox
from lamplighter.store.db import Tx

log = logging.getLogger("lamplighter.states")


class TaskCaller:
    """The calls for which executions wait."""

    def __init__(
        self, bus: Bus, driver: Driver, polls: ActivityPolls, calls: ServiceCalls, sync_calls: SyncCalls
    ) -> None:
        self._bus = bus
        self._store = bus.store
        self._driver = driver
        self._polls = polls
        self._calls = calls
        self._sync_calls = sync_calls

    async def start(self, key: int, row: StartCall) -> None:
        """Make the call of an outbox row; an internal error of the engine fails the task."""
        try:
            await self._load_service(row)
            pending_answer = await self._store.write_with_retry(lambda tx: self._start(tx, key, row))
            if pending_answer is not None:
                await self._await_answer(key, row, *pending_answer)
        except Exception:
            log.exception("%s could not be called", row.resource)
            event = TaskFailed(row.frame, row.number, "States.Runtime", INTERNAL_ERROR)
            await self._store.write_with_retry(lambda tx: self._send_event(tx, key, row, event))

    async def _load_service(self, row: StartCall) -> None:
        """Load the service that a call needs, so that no turn has to wait for it."""
        resource = parse_resource(row.resource)
        binding = bind_resource(resource) if resource is not None and resource.kind != "activity" else None
        if binding is not None:
            await self._bus.load(binding.service)

    def _start(self, tx: Tx, key: int, row: StartCall) -> tuple[Resource, CallBinding, Awaitable[Json]] | None:
        """Make a call in this transaction; return it with an awaitable if the answer comes later, else None."""
        if not outbox.is_pending(tx, key):
            return None
        resource = parse_resource(row.resource)
        if resource is None or not self._driver.pending_work.waits_for(tx, row.work):
            outbox.delete(tx, key)
            return None
        if resource.kind == "activity":
            outbox.delete(tx, key)
            self._polls.enqueue_task(tx, resource.text, row.work, row.token or "", dumps(row.parameters))
            return None
        binding = require(bind_resource(resource), lambda: Bug(f"no service provides {resource.text}"))
        try:
            with tx.nested():
                roles = self._roles(tx, row)
                answer = self._calls.call_for_task(tx, row.arn, resource, binding, row.parameters, roles)
        except (AwsError, ParametersRefused) as error:
            self._send_event(tx, key, row, self._calls.failure_event(row.work, binding, error, row.parameters))
            return None
        if inspect.isawaitable(answer):
            return resource, binding, answer
        self._handle_answer(tx, key, row, resource, binding, answer)
        return None

    def _roles(self, tx: Tx, row: StartCall) -> TaskRoles:
        """Return the roles of a task; that of the machine is read only if IAM decides."""
        record = executions.get_by_id(tx, row.execution) if self._bus.guard is not None else None
        return TaskRoles(row.role if record is None else record.role, row.role)

    async def _await_answer(
        self, key: int, row: StartCall, resource: Resource, binding: CallBinding, pending_answer: Awaitable[Json]
    ) -> None:
        try:
            answer = await pending_answer
        except AwsError as error:
            refusal = self._calls.failure_event(row.work, binding, error, row.parameters)
            await self._store.write_with_retry(lambda tx: self._send_event(tx, key, row, refusal))
            return
        await self._store.write_with_retry(lambda tx: self._handle_answer(tx, key, row, resource, binding, answer))

    def _send_event(self, tx: Tx, key: int, row: StartCall, event: MachineEvent) -> None:
        if outbox.delete(tx, key):
            self._driver.send_event(tx, row.execution, event)

    def _handle_answer(
        self, tx: Tx, key: int, row: StartCall, resource: Resource, binding: CallBinding, answer: Json
    ) -> None:
        """Send the outcome to the execution, or wait for the job that the call started (`.sync`).

        The job's names are stored first: if the event ends the execution, its end cancels the job.
        """
        answered = self._calls.answer_of_task(row.work, resource, binding, row.parameters, answer)
        for name in answered.names:
            external_names.add(tx, name, row.work)
        self._send_event(tx, key, row, answered.event)
        if binding.sync is not None and answered.names:
            self._sync_calls.follow(tx, SyncCall(row.work, resource, binding, binding.sync, row.arn))
