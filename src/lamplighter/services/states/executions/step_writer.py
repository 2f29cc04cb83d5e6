"""Write a step: frames, history, timers, outbox rows and, at the end, the outcome, in the transaction of the event.

Either all of it is on disk after the commit or nothing is.
"""

import logging
from dataclasses import dataclass

from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.messages import (
    CancelMapRun,
    CancelTask,
    ClearTimer,
    Command,
    Finish,
    FollowTask,
    RedriveMapRun,
    SetTimer,
    StartMapRun,
    StartTask,
)
from lamplighter.asl.execution.step import Step
from lamplighter.base.world import World
from lamplighter.bus import Bus
from lamplighter.services.states import outbox_rows
from lamplighter.services.states.executions import status_event
from lamplighter.services.states.executions.execution_logging import ExecutionLog
from lamplighter.services.states.executions.express_ends import ExpressEnd, ExpressEnds
from lamplighter.services.states.executions.overlap import ExecutionQueues
from lamplighter.services.states.executions.transition_log import describe_events
from lamplighter.services.states.machines.compiled_definitions import CompiledDefinitions
from lamplighter.services.states.map_runs.map_run_driver import MapRunDriver
from lamplighter.services.states.outbox_rows import SERVICE, CancelCall, StartCall
from lamplighter.services.states.steps.isolated_steps import IsolatedSteps
from lamplighter.services.states.steps.running_executions import RunningExecution, RunningExecutions
from lamplighter.services.states.tables import (
    activities,
    executions,
    external_names,
    frames,
    history,
    redrives,
    state_machines,
)
from lamplighter.services.states.tables.executions import ExecutionRecord
from lamplighter.services.states.tables.external_names import Work
from lamplighter.store import timers
from lamplighter.store.db import Tx
from lamplighter.store.timers import Timer

transitions = logging.getLogger("lamplighter.transitions")


@dataclass(frozen=True, slots=True)
class StepWriter:
    """Writes the steps of one engine's executions."""

    _bus: Bus
    _world: World
    _definitions: CompiledDefinitions
    _isolated: IsolatedSteps
    _running: RunningExecutions
    _map_runs: MapRunDriver
    _queues: ExecutionQueues
    _log: ExecutionLog
    _express_ends: ExpressEnds

    def insert(self, tx: Tx, execution: Execution, revision: str, step: Step) -> int:
        """Insert a new execution with the outcome and the counters of its first step; return its key."""
        finish = step.finish
        record = ExecutionRecord(
            id=0,
            arn=execution.arn,
            machine=execution.machine,
            revision=revision,
            name=execution.name,
            role=execution.role,
            status=step.execution.status,
            start=execution.start,
            stop=tx.now if finish else None,
            input=execution.text,
            output=finish.output if finish else None,
            error=finish.error if finish else None,
            cause=finish.cause if finish else None,
            counters=frames.dump_counters(step.execution),
        )
        return executions.insert(tx, record)

    def write(self, tx: Tx, key: int, running: RunningExecution, step: Step, *, first: bool = False) -> None:
        """Write a step; `first`: `insert` has written the outcome and the counters."""
        revision, old = running
        new = step.execution
        if step.events and not new.express:
            history.append(tx, key, old.event + 1, step.entries)
        self._log.write(tx, revision, step)
        frames.save(tx, key, old, new)
        for command in step.commands:
            self._carry_out(tx, key, new, command)
        if step.finish is not None:
            self._running.remove(key)
            self._finish(tx, key, running, step, step.finish, first=first)
            state_machines.delete_if_idle(tx, new.machine)
        else:
            if not first:
                executions.set_counters(tx, key, frames.dump_counters(new))
            self._running.cache(key, RunningExecution(revision, new))
        if transitions.isEnabledFor(logging.INFO) and step.events:
            text = "\n".join(describe_events(new, step.events))
            tx.after_commit.append(lambda: transitions.info(text))

    def _finish(self, tx: Tx, key: int, running: RunningExecution, step: Step, finish: Finish, *, first: bool) -> None:
        revision, old = running
        new = step.execution
        self._isolated.delete_events(tx, key)
        stop = self._stop_time(tx, key, revision, step)
        if new.child:
            self._map_runs.on_child_ended(tx, key, new, finish, stop)
        if new.express:
            self._finish_express(tx, key, ExpressEnd(finish, stop), new)
            return
        if old.frames or old.event:
            timers.delete_all(tx, SERVICE, str(key))
        if not first:
            executions.finish(tx, key, finish, stop, frames.dump_counters(new))
        if step.redrive is not None:
            redrives.save_failed_state(tx, key, step.redrive)
        status_event.publish_status(self._bus, tx, new, finish.status, stop, finish.output)
        self._queues.on_end(tx, key, new.machine)

    def _finish_express(self, tx: Tx, key: int, end: ExpressEnd, execution: Execution) -> None:
        """Delete all rows of an express execution and report its end."""
        timers.delete_all(tx, SERVICE, str(key))
        executions.delete_row(tx, key)
        self._express_ends.report(tx, execution.arn, end)

    def _stop_time(self, tx: Tx, key: int, revision: str, step: Step) -> int:
        """Return when an execution ended: with the step's last event, but at its deadline if it timed out; a redrive
        starts that time anew.
        """
        execution = step.execution
        if execution.status != "TIMED_OUT":
            return step.events[-1][2] if step.events else tx.now
        timeout = self._definitions.definition_of(tx, execution, revision).timeout
        assert timeout is not None
        redrive = redrives.last_redrive(tx, key)
        began = execution.start + executions.waited_time(tx, key) if redrive is None else redrive.date
        return began + timeout * 1000

    def _carry_out(self, tx: Tx, key: int, execution: Execution, command: Command) -> None:
        match command:
            case StartTask(frame, number, resource, parameters, token, role):
                role = role or execution.role
                row = StartCall(key, execution.arn, frame, number, resource.text, parameters, token, role)
                outbox_rows.put(tx, row)
            case FollowTask(frame, number, names):
                for name in names:
                    external_names.add(tx, name, Work(key, frame, number))
            case CancelTask():
                self._cancel_task(tx, key, execution, command)
            case SetTimer(frame, number, due, elapsed):
                timers.put(tx, Timer(SERVICE, str(key), f"{frame}.{number}", due), steady_clock=elapsed)
            case StartMapRun():
                self._map_runs.start(tx, key, execution, command)
            case RedriveMapRun():
                self._map_runs.redrive(tx, command)
            case CancelMapRun(frame, number):
                self._map_runs.cancel(tx, Work(key, frame, number))
            case ClearTimer(frame, number):
                timers.delete(tx, SERVICE, str(key), f"{frame}.{number}")
            case Finish():
                pass

    def _cancel_task(self, tx: Tx, key: int, execution: Execution, command: CancelTask) -> None:
        work = Work(key, command.frame, command.number)
        names = external_names.names_of_work(tx, work)
        external_names.delete(tx, work)
        if command.resource.kind == "activity":
            activities.delete_task(tx, work)
        if names:
            outbox_rows.put(tx, CancelCall(key, command.resource.text, names, execution.arn))
