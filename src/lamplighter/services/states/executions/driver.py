"""What Step Functions does when nobody calls it: it drives executions.

An event for an execution, from a timer, an integration or the API, is one job of a turn: the machine advances, and its
frames, its history, its timers and what is to be done in the world are kept together, or not at all.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from lamplighter.asl.definition.model import Definition, Resource
from lamplighter.asl.definition.parse import Additions
from lamplighter.asl.execution.advance import advance
from lamplighter.asl.execution.frame import Execution, Phase
from lamplighter.asl.execution.messages import (
    Broken,
    CancelMapRun,
    CancelTask,
    ClearTimer,
    Command,
    Event,
    Finish,
    MapRunEnded,
    RedriveMapRun,
    Resumed,
    SetTimer,
    Started,
    StartMapRun,
    StartTask,
    StopRequested,
    TaskFailed,
    TaskSucceeded,
    TimerFired,
)
from lamplighter.asl.execution.step import RefusalReason, Step
from lamplighter.asl.execution.task import parse_task_token
from lamplighter.base.errors import MayTakeLong
from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.base.world import World
from lamplighter.bus import Bus
from lamplighter.isolation.port import Isolation
from lamplighter.services.states import outbox_rows
from lamplighter.services.states.executions import status_event, step_marker
from lamplighter.services.states.executions.execution_logging import ExecutionLog
from lamplighter.services.states.executions.isolated_steps import INTERNAL, IsolatedSteps
from lamplighter.services.states.executions.transition_log import describe_events
from lamplighter.services.states.machines.compiled_definitions import CompiledDefinitions
from lamplighter.services.states.outbox_rows import SERVICE, CancelCall, StartCall
from lamplighter.services.states.tables import activities, executions, frames, redrives, state_machines
from lamplighter.services.states.tables.executions import ExecutionRecord
from lamplighter.services.states.tables.frames import Work
from lamplighter.store import timers
from lamplighter.store.db import Damaged, Reader, Tx
from lamplighter.store.timers import Timer

CACHED = 128
"""How many executions are held in memory: those that move, not those that wait."""

RETENTION = 90 * 24 * 3600 * 1000
"""Milliseconds for which an execution is kept after its end: "Execution history retention time: 90 days"."""
AT_ONCE = 4
"""How many that are older are forgotten when another ends."""

FROM_OUTSIDE = (StopRequested, Broken)
"""Events that end an execution whatever it does: they wait for nothing, and evaluate nothing."""
LEADING = (Resumed, TaskSucceeded, TaskFailed, TimerFired, MapRunEnded)
"""Events that lead to the next state: "On the next state transition" a machine that is deleted ends its executions."""

NO_DEFINITION = Definition(blocks=())
"""What an execution runs of which nothing is left to run."""

log = logging.getLogger("lamplighter.states")
transitions = logging.getLogger("lamplighter.transitions")


@dataclass(frozen=True, slots=True)
class ExpressEnd:
    """How an express execution ended, and when (milliseconds since the epoch)."""

    finish: Finish
    stop: int


class Driver:
    """Drives the executions of one engine."""

    def __init__(self, bus: Bus, world: World, additions: Additions, isolation: Isolation) -> None:
        self._bus = bus
        self._world = replace(world, may_block=False)
        self._patient_world = world
        self.revisions = CompiledDefinitions(additions)
        self.isolated = IsolatedSteps(bus.store, world, isolation, self, self.revisions)
        self._executions: OrderedDict[int, tuple[str, Execution]] = OrderedDict()
        self._awaited: dict[str, asyncio.Future[ExpressEnd]] = {}
        self.execution_log = ExecutionLog(bus, world)
        self.on_map_run: Callable[[Tx, int, Execution, StartMapRun], None]
        self.on_map_run_redriven: Callable[[Tx, RedriveMapRun], None]
        self.on_map_run_cancelled: Callable[[Tx, Work], None]
        self.on_child_ended: Callable[[Tx, int, Execution, Finish, int], None]
        self.unfit: RefusalReason
        """Why the parameters of a call do not fit it."""

    def drop_caches(self) -> None:
        """Believe nothing that is not on disk."""
        self._executions.clear()
        self.isolated.drop_caches()

    def start(self, tx: Tx, execution: Execution, revision: str, enter: Callable[[int], None] | None = None) -> None:
        """Start an execution; `enter` takes the key of a Map Run's child down, before it can end."""
        self.save_started(tx, execution, revision, self.first_step(tx, execution, revision), enter)

    def first_step(self, reader: Reader, execution: Execution, revision: str) -> Step:
        """How a new execution begins; nothing is kept yet."""
        definition = self.revisions.definition_of(reader, execution, revision)
        subject, refuses = step_marker.revision_subject(revision), partial(self.why_refused, reader)
        if not self.isolated.deaths(subject):
            self.isolated.mark_until_loop_turns(subject)
            with suppress(MayTakeLong):
                return advance(definition, execution, Started(), self._world, refuses=refuses)
        return advance(definition, execution, Started(), self._world, crossings=0, refuses=refuses)

    def why_refused(self, reader: Reader, resource: Resource, parameters: Json) -> str | None:
        """Why a task cannot be begun."""
        if resource.kind != "activity":
            return self.unfit(resource, parameters)
        return None if activities.exists(reader, resource.text) else f"The activity {resource.text} does not exist."

    def save_started(
        self,
        tx: Tx,
        execution: Execution,
        revision: str,
        step: Step,
        enter: Callable[[int], None] | None = None,
    ) -> None:
        """Keep an execution that has begun by this step."""
        finish = step.finish
        if finish is not None and execution.express and enter is None:
            self.execution_log.write(tx, revision, step)
            return
        key = executions.insert(
            tx,
            (
                execution.arn,
                execution.machine,
                revision,
                execution.name,
                execution.role,
                step.execution.status,
                execution.start,
                self._world.now() if finish else None,
                execution.text,
                finish.output if finish else None,
                finish.error if finish else None,
                finish.cause if finish else None,
                frames.dump_counters(step.execution),
            ),
        )
        if enter is not None:
            enter(key)
        status_event.publish_status(self._bus, tx, execution, "RUNNING", None, None)
        self.save_step(tx, key, revision, execution, step, stored=True)

    def reopen(self, tx: Tx, key: int, revision: str, execution: Execution, event: Event) -> None:
        """Go on with an execution that had ended."""
        frames.save(tx, key, replace(execution, frames={}, results={}), execution)
        executions.set_counters(tx, key, frames.dump_counters(execution))
        self._remember(key, revision, execution)
        status_event.publish_status(self._bus, tx, execution, "RUNNING", None, None)
        self.send_event(tx, key, event)

    def await_end(self, execution: str) -> "asyncio.Future[ExpressEnd]":
        """How an express execution ends; it is kept nowhere else."""
        future: asyncio.Future[ExpressEnd] = asyncio.get_running_loop().create_future()
        self._awaited[execution] = future
        return future

    def send_event(self, tx: Tx, key: int, event: Event) -> None:
        """Something happened to an execution."""
        found = self.find(tx, key)
        if found is None:
            return
        revision, execution = found
        if isinstance(event, LEADING) and state_machines.is_deleting(tx, execution.machine):
            event = StopRequested()
        if isinstance(event, FROM_OUTSIDE):
            self.save_step(tx, key, revision, execution, self._advance(tx, key, revision, execution, event))
            return
        own, shared = (
            self.isolated.deaths(step_marker.execution_subject(key)),
            self.isolated.deaths(step_marker.revision_subject(revision)),
        )
        if own or shared or self.isolated.holds(key):
            self.isolated.add(tx, key, event, own)
            return
        try:
            step = self._advance(tx, key, revision, execution, event)
        except MayTakeLong:
            self.isolated.add(tx, key, event)
        else:
            self.save_step(tx, key, revision, execution, step)

    def _advance(self, tx: Tx, key: int, revision: str, execution: Execution, event: Event) -> Step:
        try:
            definition = self.revisions.definition_of(tx, execution, revision)
            world = self._patient_world if isinstance(event, FROM_OUTSIDE) else self._world
            with self.isolated.under_way(step_marker.execution_subject(key)):
                return advance(definition, execution, event, world, refuses=partial(self.why_refused, tx))
        except MayTakeLong:
            raise
        except Exception:
            log.exception("execution %s cannot go on from %s; it is ended", execution.arn, type(event).__name__)
            return self._broken(self.revisions.definition(tx, revision), execution, INTERNAL)

    def end_broken(self, tx: Tx, key: int, cause: str) -> None:
        """End an execution that cannot go on."""
        found = self.find(tx, key)
        if found is not None:
            revision, execution = found
            self.save_step(
                tx, key, revision, execution, self._broken(self.revisions.definition(tx, revision), execution, cause)
            )

    def _broken(self, definition: Definition, execution: Execution, cause: str) -> Step:
        """End an execution that can't go on, and call off what it waits for, if that can still be told."""
        try:
            return advance(definition, execution, Broken(cause), self._patient_world)
        except Exception:
            log.exception("execution %s cannot call off what it waits for", execution.arn)
            return self._give_up(execution, cause)

    def _give_up(self, execution: Execution, cause: str) -> Step:
        """End an execution of which nothing is left to go on from, be it by a redrive."""
        bare = replace(execution, frames={}, results={})
        return replace(advance(NO_DEFINITION, bare, Broken(cause), self._world), redrive=None)

    def waits_for(self, tx: Tx, work: Work) -> bool:
        """Whether an execution still waits for a piece of work."""
        found = self.find(tx, work.execution)
        frame = found[1].frames.get(work.frame) if found else None
        waits = frame is not None and frame.phase is Phase.WORKING and frame.number == work.number
        return waits and not self.isolated.ends(tx, work)

    def times_out(self, tx: Tx, work: Work, wall: int) -> bool:
        """Whether a timer of a piece of work, or of its whole execution, was due before a time of the wall clock."""
        steady = wall - (self._world.now() - self._world.monotonic())
        return timers.has_due_timer(tx, SERVICE, str(work.execution), (f"{work.frame}.", "0."), steady)

    def resource_of(self, tx: Tx, work: Work) -> Resource | None:
        """What a piece of work calls; None where nobody waits for it."""
        found = self.find(tx, work.execution)
        frame = found[1].frames.get(work.frame) if found else None
        if found is None or frame is None or frame.number != work.number:
            return None
        return self.revisions.definition(tx, found[0]).resources.get(frame.state)

    def state_of(self, tx: Tx, key: int) -> tuple[Execution, str]:
        """An execution that runs, and its revision."""
        found = self.find(tx, key)
        assert found is not None
        return found[1], found[0]

    def arn_of(self, tx: Tx, work: Work) -> str | None:
        """The execution that a piece of work belongs to, while it runs."""
        found = self.find(tx, work.execution)
        return found[1].arn if found else None

    def work_of_token(self, tx: Tx, token: str) -> Work | None:
        """The work that a task token stands for, if someone waits for it."""
        read = parse_task_token(token)
        record = executions.get(tx, read[0]) if read else None
        if read is None or record is None or record.status != "RUNNING":
            return None
        found = self.find(tx, record.id)
        frame = found[1].frames.get(read[1]) if found else None
        if frame is None or frame.token != token or frame.number != read[2]:
            return None
        work = Work(record.id, read[1], read[2])
        return None if self.isolated.ends(tx, work) else work

    def fire_timer(self, tx: Tx, timer: Timer) -> None:
        """A timer of an execution is due."""
        frame, _, number = timer.name.partition(".")
        self.send_event(tx, int(timer.subject), TimerFired(int(frame), int(number)))

    def resume(self, key: int) -> Callable[[Tx], None]:
        """The job that goes on with what a step left ready."""
        return lambda tx: self.send_event(tx, key, Resumed())

    def find(self, tx: Tx, key: int) -> tuple[str, Execution] | None:
        """The revision and the state of an execution that runs."""
        cached = self._executions.get(key)
        if cached is not None:
            self._executions.move_to_end(key)
            return cached
        record = executions.get_by_id(tx, key)
        if record is None or record.status != "RUNNING":
            return None
        try:
            execution = frames.load(tx, key, execution_of_record(record), record.counters)
            self.revisions.definition(tx, record.revision)
        except Damaged as error:
            log.error("%s; execution %s is ended", error, record.arn)
            self._end_damaged(tx, record, str(error))
            return None
        self._remember(key, record.revision, execution)
        return record.revision, execution

    def _end_damaged(self, tx: Tx, record: ExecutionRecord, cause: str) -> None:
        """End an execution whose rows can't be read, from where its history tells that it is."""
        frames.delete(tx, record.id)
        fixed = execution_of_record(replace(record, input=executions.repair_input(tx, record)))
        execution = replace(fixed, event=executions.last_event(tx, record.id))
        self.save_step(tx, record.id, record.revision, execution, self._give_up(execution, cause))

    def _remember(self, key: int, revision: str, execution: Execution) -> None:
        self._executions[key] = (revision, execution)
        self._executions.move_to_end(key)
        if len(self._executions) > CACHED:
            self._executions.popitem(last=False)

    def save_step(self, tx: Tx, key: int, revision: str, old: Execution, step: Step, *, stored: bool = False) -> None:
        """Write one step down."""
        new = step.execution
        if step.events and not new.express:
            executions.append_history(tx, key, old.event + 1, step.entries)
        self.execution_log.write(tx, revision, step)
        frames.save(tx, key, old, new)
        for command in step.commands:
            self._carry_out(tx, key, new, command)
        if step.finish is not None:
            self._executions.pop(key, None)
            self._finish(tx, key, revision, old, step, stored=stored)
            state_machines.delete_if_idle(tx, new.machine)
        else:
            if not stored:
                executions.set_counters(tx, key, frames.dump_counters(new))
            self._remember(key, revision, new)
        if step.more:
            tx.after.append(lambda: self._bus.store.write_in_background(self.resume(key)))
        if transitions.isEnabledFor(logging.INFO) and step.events:
            text = "\n".join(describe_events(new, step.events))
            tx.after.append(lambda: transitions.info(text))

    def _finish(self, tx: Tx, key: int, revision: str, old: Execution, step: Step, *, stored: bool) -> None:
        finish, new = step.finish, step.execution
        assert finish is not None
        self.isolated.drop(tx, key)
        stop = self._stop(tx, key, revision, new)
        if new.child:
            self.on_child_ended(tx, key, new, finish, stop)
        if new.express:
            self._end_express(tx, key, ExpressEnd(finish, stop), new)
            return
        if old.frames or old.event:
            timers.delete_all(tx, SERVICE, str(key))
        if not stored:
            outcome = (finish.status, stop, finish.output, finish.error, finish.cause)
            executions.finish(tx, key, outcome, frames.dump_counters(new))
        if step.redrive is not None:
            redrives.save_failed(tx, key, step.redrive)
        status_event.publish_status(self._bus, tx, new, finish.status, stop, finish.output)
        for old_key in executions.ended_before(tx, self._world.now() - RETENTION, AT_ONCE):
            executions.forget(tx, old_key)

    def _end_express(self, tx: Tx, key: int, ended: ExpressEnd, execution: Execution) -> None:
        """An express execution leaves nothing behind but what its caller waits for."""
        timers.delete_all(tx, SERVICE, str(key))
        executions.delete(tx, key)
        future = self._awaited.pop(execution.arn, None)
        if future is not None and not future.done():
            tx.after.append(lambda: None if future.done() else future.set_result(ended))

    def _stop(self, tx: Tx, key: int, revision: str, execution: Execution) -> int:
        """When an execution ended: one that ran out of time, at the end of its time; a redrive begins that anew."""
        if execution.status != "TIMED_OUT":
            return self._world.now()
        timeout = self.revisions.definition_of(tx, execution, revision).timeout
        assert timeout is not None
        redrive = redrives.last_redrive(tx, key)
        return (execution.start if redrive is None else redrive.date) + timeout * 1000

    def _carry_out(self, tx: Tx, key: int, execution: Execution, command: Command) -> None:
        match command:
            case StartTask(frame, number, resource, parameters, token, role):
                role = role or execution.role
                row = StartCall(key, execution.arn, frame, number, resource.text, parameters, token, role)
                outbox_rows.put(tx, row)
            case CancelTask(frame, number, resource):
                work = Work(key, frame, number)
                names = frames.names_of_work(tx, work)
                frames.delete_watches(tx, work)
                if resource.kind == "activity":
                    activities.drop(tx, work)
                if names:
                    outbox_rows.put(tx, CancelCall(key, resource.text, names, execution.arn))
            case SetTimer(frame, number, due, elapsed):
                timers.put(tx, Timer(SERVICE, str(key), f"{frame}.{number}", due), elapsed=elapsed)
            case StartMapRun():
                self.on_map_run(tx, key, execution, command)
            case RedriveMapRun():
                self.on_map_run_redriven(tx, command)
            case CancelMapRun(frame, number):
                self.on_map_run_cancelled(tx, Work(key, frame, number))
            case ClearTimer(frame, number):
                timers.delete(tx, SERVICE, str(key), f"{frame}.{number}")
            case Finish():
                pass


def execution_of_record(record: ExecutionRecord) -> Execution:
    """What of an execution never changes; raises Damaged."""
    try:
        document = loads(record.input)
    except JsonError as error:
        raise Damaged(f"the input cannot be read: {error}") from error
    return Execution(
        arn=record.arn,
        name=record.name,
        role=record.role,
        machine=record.machine,
        machine_name=record.machine.rpartition(":")[2],
        input=document,
        text=record.input,
        start=record.start,
    )
