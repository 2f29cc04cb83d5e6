"""Drive executions: advance them by the events that timers, integrations and the API send.

An event is one job of a turn: the driver loads the execution, computes its step and writes it in one transaction.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from lamplighter.asl.definition.parse import AddedParameters
from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.messages import (
    Event,
    FollowTask,
    MapRunEnded,
    Resumed,
    StopRequested,
    TaskFailed,
    TaskSucceeded,
    TimerFired,
)
from lamplighter.asl.execution.step import RefusalReason, Step
from lamplighter.base.errors import UnboundedWork
from lamplighter.base.world import World
from lamplighter.bus import Bus
from lamplighter.isolation.port import Isolation
from lamplighter.services.states.executions import status_event
from lamplighter.services.states.executions.execution_logging import ExecutionLog
from lamplighter.services.states.executions.express_ends import ExpressEnd, ExpressEnds
from lamplighter.services.states.executions.overlap import ExecutionQueues
from lamplighter.services.states.executions.step_writer import StepWriter
from lamplighter.services.states.executions.stepper import EXECUTION_ENDING_EVENTS, Stepper, task_refusal
from lamplighter.services.states.machines.compiled_definitions import CompiledDefinitions
from lamplighter.services.states.map_runs.child_inputs import ChildInputs
from lamplighter.services.states.map_runs.map_run_driver import MapRunDriver
from lamplighter.services.states.steps import step_marker
from lamplighter.services.states.steps.isolated_steps import IsolatedSteps
from lamplighter.services.states.steps.pending_work import PendingWork
from lamplighter.services.states.steps.port import CallMaker, CallMustWait
from lamplighter.services.states.steps.running_executions import (
    DamagedExecution,
    RunningExecution,
    RunningExecutions,
    damaged_execution,
)
from lamplighter.services.states.tables import executions, frames, history, state_machines
from lamplighter.services.states.tables.external_names import Work
from lamplighter.store.db import Reader, Tx
from lamplighter.store.timers import Timer

STATE_CHANGING_EVENTS = (Resumed, TaskSucceeded, TaskFailed, TimerFired, MapRunEnded)
"""Events that lead to the next state. If the machine is being deleted, its executions end "on the next state
transition": https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html"""

log = logging.getLogger("lamplighter.states")


class Driver:
    """The driver of one engine's executions."""

    def __init__(
        self,
        bus: Bus,
        world: World,
        additions: AddedParameters,
        isolation: Isolation,
        refusal_reason: RefusalReason,
        calls: CallMaker,
    ) -> None:
        """Build the driver and its parts; `refusal_reason` returns why the parameters of a call do not fit it."""
        self._bus = bus
        self._calls = calls
        definitions, refusal = CompiledDefinitions(additions), partial(task_refusal, refusal_reason)
        self._running = RunningExecutions(definitions)
        self.execution_log = ExecutionLog(bus, world)
        self.express_ends = ExpressEnds()
        self.on_followed: Callable[[Tx, Work], None] = lambda _tx, _work: None
        """Checks whether work that is now followed has ended already."""
        self.isolated = IsolatedSteps(bus.store, world, isolation, self, definitions, refusal)
        self.pending_work = PendingWork(self, world, definitions, self.isolated)
        inputs = ChildInputs(bus.store, world, self.pending_work, definitions, self.isolated, isolation)
        self.map_runs = MapRunDriver(bus, world, self, self.pending_work, inputs)
        self._stepper = Stepper(world, definitions, self.isolated, refusal, calls)
        self.queues = ExecutionQueues(self, world)
        self._writer = StepWriter(
            bus,
            world,
            definitions,
            self.isolated,
            self._running,
            self.map_runs,
            self.queues,
            self.execution_log,
            self.express_ends,
        )

    def drop_caches(self) -> None:
        """Drop everything in memory that the database may not contain."""
        self._running.clear()
        self.isolated.drop_caches()

    async def resume_all(self) -> None:
        """Continue every step and Map Run that the last engine left unfinished."""
        await self.isolated.start()
        for key in frames.unfinished_executions(self._bus.store.reader):
            if not self.isolated.has_events(key):
                self.resume_soon(key)
        self._bus.store.write_in_background(self.queues.resume_all)
        self.map_runs.resume_all()

    async def stop(self) -> None:
        """Cancel the steps that other processes compute; the next engine computes them anew."""
        await self.isolated.stop()
        await self.map_runs.stop()

    # --- an execution starts ------------------------------------------------------------------------------------------

    def start(
        self, tx: Tx, execution: Execution, revision: str, on_insert: Callable[[int], None] | None = None
    ) -> None:
        """Start an execution; call `on_insert` with its key before the execution can end."""
        step = self._stepper.first_step_with_calls(tx, execution, revision)
        self.save_started(tx, execution, revision, step, on_insert)

    def start_waiting(self, tx: Tx, execution: Execution, revision: str) -> int:
        """Start an execution that enters no state until `resume_soon`; return its key."""
        step = self._stepper.waiting_step(tx, execution, revision)
        key = self._writer.insert(tx, execution, revision, step)
        status_event.publish_status(self._bus, tx, execution, "RUNNING", None, None)
        self._writer.write(tx, key, RunningExecution(revision, execution), step, first=True)
        return key

    def first_step(self, reader: Reader, execution: Execution, revision: str) -> Step:
        """Return the first step of a new execution, and write nothing."""
        return self._stepper.first_step(reader, execution, revision)

    def save_started(
        self,
        tx: Tx,
        execution: Execution,
        revision: str,
        step: Step,
        on_insert: Callable[[int], None] | None = None,
    ) -> None:
        """Write a new execution and its first step; an express execution that this step ends leaves only its log."""
        if step.finish is not None and execution.express and on_insert is None:
            self.execution_log.write(tx, revision, step)
            self.express_ends.report(tx, execution.arn, ExpressEnd(step.finish, tx.now))
            return
        key = self._writer.insert(tx, execution, revision, step)
        if on_insert is not None:
            on_insert(key)
        status_event.publish_status(self._bus, tx, execution, "RUNNING", None, None)
        self._save(tx, key, RunningExecution(revision, execution), step, first=True)

    def reopen(self, tx: Tx, key: int, running: RunningExecution, event: Event) -> None:
        """Continue an execution that had ended, from this state and with this event."""
        execution = running.execution
        frames.save(tx, key, replace(execution, frames={}, results={}), execution)
        executions.set_counters(tx, key, frames.dump_counters(execution))
        self._running.cache(key, running)
        status_event.publish_status(self._bus, tx, execution, "RUNNING", None, None)
        self.send_event(tx, key, event)

    # --- an event arrives ---------------------------------------------------------------------------------------------

    def send_event(self, tx: Tx, key: int, event: Event, happened: int | None = None) -> None:
        """Advance an execution by an event; do nothing if it has ended.

        If the event ends the execution and says when it happened, which may be long ago, the execution ended then.
        Raises `CallMustWait` if the event comes from a call of the execution's own step.
        """
        if self._calls.makes_call_of(key):
            raise CallMustWait
        running = self.find(tx, key)
        if running is None:
            return
        if isinstance(event, STATE_CHANGING_EVENTS) and state_machines.is_deleting(tx, running.execution.machine):
            event = StopRequested()
        if isinstance(event, EXECUTION_ENDING_EVENTS):
            self.save_step(tx, key, running, self._stepper.step(tx, key, running, event))
            return
        own_deaths = self.isolated.deaths(step_marker.execution_subject(key))
        shared_deaths = self.isolated.deaths(step_marker.revision_subject(running.revision))
        if own_deaths or shared_deaths or self.isolated.has_events(key):
            self.isolated.add_event(tx, key, event, own_deaths)
            return
        try:
            step = self._stepper.step(tx, key, running, event)
        except UnboundedWork:
            self.isolated.add_event(tx, key, event)
        else:
            if happened is not None and step.finish is not None:
                step = step.dated(max(happened, history.last_event_time(tx, key)))
            self.save_step(tx, key, running, step)

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """Advance the execution whose timer is due."""
        frame, _, number = timer.name.partition(".")
        self.send_event(tx, int(timer.subject), TimerFired(int(frame), int(number)))

    def end_broken(self, tx: Tx, key: int, cause: str) -> None:
        """End an execution that cannot continue."""
        running = self.find(tx, key)
        if running is not None:
            self.save_step(tx, key, running, self._stepper.broken_step(tx, running, cause))

    def find(self, tx: Tx, key: int) -> RunningExecution | None:
        """Return a running execution, or None if it has ended; end it now if its rows cannot be read."""
        try:
            return self._running.find(tx, key)
        except DamagedExecution as error:
            log.error("%s; execution %s fails", error, error.record.arn)
            frames.delete(tx, key)
            running = RunningExecution(error.record.revision, damaged_execution(tx, error.record))
            self.save_step(tx, key, running, self._stepper.last_step(running.execution, str(error)))
            return None

    def save_step(self, tx: Tx, key: int, running: RunningExecution, step: Step) -> None:
        """Write the step of a running execution and carry out its commands."""
        self._save(tx, key, running, step, first=False)

    def _save(self, tx: Tx, key: int, running: RunningExecution, step: Step, *, first: bool) -> None:
        self._writer.write(tx, key, running, step, first=first)
        for command in step.commands:
            if isinstance(command, FollowTask):
                self.on_followed(tx, Work(key, command.frame, command.number))
        if step.has_ready_frames:
            tx.after_commit.append(lambda: self.resume_soon(key))

    def resume_soon(self, key: int) -> None:
        """Continue an execution with a frame that is ready."""
        self._bus.store.write_in_background(lambda tx: self.send_event(tx, key, Resumed()))
