"""Make the call of a Task within the step, if its whole effect is in this engine's database.

The call, the step and the outcome are then one transaction: the call happens exactly once, and no outbox row, further
turn or further commit is needed. Every other call becomes an outbox row (`task_calls.py`): a call to another machine, a
call whose answer comes later, a call that would take long, a call that affects the execution itself, and all calls
after the turn has used up its time.
"""

import inspect
import logging
import sqlite3
from contextlib import AbstractContextManager
from types import TracebackType

from lamplighter.asl.definition.model import Resource
from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.messages import CallAnswer, StartTask, TaskFailed
from lamplighter.asl.execution.step import MakeCall
from lamplighter.base.errors import AwsError, UnboundedWork
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus
from lamplighter.services.states.calls.service_calls import ServiceCalls
from lamplighter.services.states.integrations.http_tasks import SERVICE as HTTP
from lamplighter.services.states.integrations.integrations import CallBinding, bind_resource
from lamplighter.services.states.integrations.parameter_conversion import ParametersRefused
from lamplighter.services.states.integrations.task_caller_role import TaskRoles
from lamplighter.services.states.outbox_rows import SERVICE
from lamplighter.services.states.steps.isolated_steps import INTERNAL_ERROR
from lamplighter.services.states.steps.port import NEW_EXECUTION, NO_CALLS, CallMustWait, StepCalls
from lamplighter.services.states.tables.external_names import Work
from lamplighter.store.db import Tx

MAX_CALLS_IN_STEP = 100
"""The most calls that one step makes before other turns can run."""
MAX_UNDONE = 1_000
"""The most executions of which it is remembered that their calls were undone."""

log = logging.getLogger("lamplighter.states")


class CallsInStep:
    """Decides which calls are made within steps, and begins the steps' calls."""

    def __init__(self, bus: Bus, world: World, calls: ServiceCalls) -> None:
        self._bus = bus
        self._world = world
        self._calls = calls
        self.caller: int | None = None
        """The key of the execution whose call is being made, or None."""
        self._undone: dict[int, None] = {}
        """The keys of executions whose calls were undone, because the step met work without a known bound."""

    def begin(self, tx: Tx, key: int, execution: Execution) -> StepCalls:
        """Begin the calls of one step of an execution in this transaction.

        A step that a call causes makes no calls itself, so that no chain of them can become long. Neither does a step
        of an execution whose calls were undone, so that they are not made and undone again before each slow state.
        """
        if self.caller is not None or key in self._undone:
            return NO_CALLS
        return CallsOfStep(tx, key, execution, self, self._calls)

    def remember_undone(self, key: int) -> None:
        """Remember that the calls of an execution's step were undone; forget the oldest if there are many."""
        if key != NEW_EXECUTION:
            self._undone[key] = None
        if len(self._undone) > MAX_UNDONE:
            del self._undone[next(iter(self._undone))]

    def makes_call_of(self, key: int) -> bool:
        """Return whether a call of this execution's step is being made, so that the step is not written yet."""
        return self.caller == key

    def binding(self, resource: Resource) -> CallBinding | None:
        """Return the call that a resource means if a step may make it, otherwise None.

        A call of Step Functions may read or change the very execution whose step is not written yet. The answer to a
        call of an HTTP API always comes later.
        """
        found = bind_resource(resource) if resource.kind in ("integration", "sdk") else None
        if (
            found is None
            or found.service in (SERVICE, HTTP)
            or not self._bus.can_invoke(found.service, found.operation)
        ):
            return None
        return found

    def has_time(self, tx: Tx) -> bool:
        """Return whether the turn still has time for a call."""
        return self._world.monotonic() < tx.turn_end


class CallsOfStep(AbstractContextManager[MakeCall]):
    """The calls of one step. If the step fails, its calls are undone."""

    __slots__ = ("_calls", "_count", "_execution", "_key", "_rules", "_savepoint", "_tx")

    def __init__(self, tx: Tx, key: int, execution: Execution, rules: CallsInStep, calls: ServiceCalls) -> None:
        self._tx = tx
        self._key = key
        self._execution = execution
        self._rules = rules
        self._calls = calls
        self._count = 0
        self._savepoint: AbstractContextManager[None] | None = None

    def __enter__(self) -> MakeCall:
        """Return the function that makes the calls."""
        return self.make

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Keep the writes of the calls, or undo them if the step raised."""
        if self._count and isinstance(error, UnboundedWork):
            self._rules.remember_undone(self._key)
        return self._savepoint.__exit__(kind, error, trace) if self._savepoint is not None else None

    def make(self, task: StartTask) -> CallAnswer | None:
        """Make a task's call and return the answer, or None if the call has to wait for the commit."""
        binding = self._rules.binding(task.resource)
        if binding is None or self._count >= MAX_CALLS_IN_STEP or not self._rules.has_time(self._tx):
            return None
        self._count += 1
        if self._savepoint is None:
            self._savepoint = self._tx.nested()
            self._savepoint.__enter__()
        self._rules.caller = self._key
        try:
            return self._make(task, binding)
        finally:
            self._rules.caller = None

    def _make(self, task: StartTask, binding: CallBinding) -> CallAnswer | None:
        work = Work(self._key, task.frame, task.number)
        try:
            with self._tx.nested():
                return self._answer(task, binding, work)
        except (AwsError, ParametersRefused) as error:
            return CallAnswer(self._calls.failure_event(work, binding, error, task.parameters))
        except CallMustWait:
            return None
        except sqlite3.OperationalError:
            raise
        except Exception:
            log.exception("%s could not be called", task.resource.text)
            return CallAnswer(TaskFailed(task.frame, task.number, "States.Runtime", INTERNAL_ERROR))

    def _answer(self, task: StartTask, binding: CallBinding, work: Work) -> CallAnswer:
        call = (self._tx, self._execution.arn, task.resource, binding, task.parameters)
        if self._calls.needs_preparation(*call):
            raise CallMustWait
        own = self._execution.role
        answer: Json = self._calls.call_for_task(*call, TaskRoles(own, task.role or own))
        if inspect.isawaitable(answer):
            if inspect.iscoroutine(answer):
                answer.close()
            raise CallMustWait
        return self._calls.answer_of_task(work, task.resource, binding, task.parameters, answer)
