"""Find out which work a running execution waits for, and whether that work has timed out."""

from dataclasses import dataclass

from lamplighter.asl.definition.model import Resource
from lamplighter.asl.execution.frame import Frame, Phase
from lamplighter.asl.execution.task import parse_task_token
from lamplighter.base.errors import Bug, require
from lamplighter.base.world import World
from lamplighter.services.states.machines.compiled_definitions import CompiledDefinitions
from lamplighter.services.states.outbox_rows import SERVICE
from lamplighter.services.states.steps.isolated_steps import IsolatedSteps
from lamplighter.services.states.steps.port import ExecutionDriver
from lamplighter.services.states.steps.running_executions import RunningExecution
from lamplighter.services.states.tables import executions
from lamplighter.services.states.tables.external_names import Work
from lamplighter.store import timers
from lamplighter.store.db import Tx


@dataclass(frozen=True, slots=True)
class PendingWork:
    """The work that the running executions of one engine wait for."""

    _driver: ExecutionDriver
    _world: World
    _definitions: CompiledDefinitions
    _isolated: IsolatedSteps

    def running(self, tx: Tx, key: int) -> RunningExecution:
        """Return a running execution. Raises `Bug` if it does not run."""
        return require(self._driver.find(tx, key), lambda: Bug(f"execution {key} is not running"))

    def waits_for(self, tx: Tx, work: Work) -> bool:
        """Return whether an execution still waits for a piece of work."""
        _, frame = self._find(tx, work.execution, work.frame)
        waits = frame is not None and frame.phase is Phase.WORKING and frame.number == work.number
        return waits and not self._isolated.ends_work(tx, work)

    def timed_out_before(self, tx: Tx, work: Work, wall: int) -> bool:
        """Return whether a timer of this work, or of its whole execution, was due before a wall clock time in ms."""
        monotonic = wall - (self._world.now() - self._world.monotonic())
        return timers.has_due_timer(tx, SERVICE, str(work.execution), (f"{work.frame}.", "0."), monotonic)

    def call_of(self, tx: Tx, work: Work) -> tuple[Resource, str] | None:
        """Return the resource that a piece of work calls and the ARN of its execution, or None if none waits for it."""
        found, frame = self._find(tx, work.execution, work.frame)
        if found is None or frame is None or frame.number != work.number:
            return None
        resource = self._definitions.definition(tx, found.revision).resources.get(frame.state)
        return None if resource is None else (resource, found.execution.arn)

    def work_of_token(self, tx: Tx, token: str) -> Work | None:
        """Return the work that a task token names, or None if no execution waits for it."""
        parts = parse_task_token(token)
        record = executions.get(tx, parts[0]) if parts else None
        if parts is None or record is None or record.status != "RUNNING":
            return None
        _, frame = self._find(tx, record.id, parts[1])
        if frame is None or frame.token != token or frame.number != parts[2]:
            return None
        work = Work(record.id, parts[1], parts[2])
        return None if self._isolated.ends_work(tx, work) else work

    def _find(self, tx: Tx, key: int, frame: int) -> tuple[RunningExecution | None, Frame | None]:
        found = self._driver.find(tx, key)
        return found, found.execution.frames.get(frame) if found else None
