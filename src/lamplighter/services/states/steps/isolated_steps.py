"""Compute steps that may take long in separate processes.

An event whose step may take long becomes a row (`services/states/tables/pending_events.py`). So does every later event
of the execution until that step is saved. Guarantees that events take effect once and in their order. If a step takes
too long, needs too much memory or ends its process, only its own execution fails, with States.Runtime.

A step in which the engine died runs in a separate process from then on, where it cannot stop the engine. A step that
had used processor time for a while when the engine died is counted; the third time, the step does not start. A short
step, or one that waited for its process, is not counted: an engine that is killed again and again must not end
executions that did not cause it. Events that end an execution from outside (StopExecution, damaged storage) do not wait
for any step.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from functools import partial

from lamplighter.asl.definition.model import Resource
from lamplighter.asl.execution.messages import Event
from lamplighter.base.errors import Unavailable
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.isolation.port import Isolation, LimitExceeded
from lamplighter.isolation.requests import Advanced, AdvanceExecution, RequestClock
from lamplighter.services.states.machines.compiled_definitions import CompiledDefinitions
from lamplighter.services.states.steps import step_marker
from lamplighter.services.states.steps.port import ExecutionDriver
from lamplighter.services.states.steps.running_executions import RunningExecution
from lamplighter.services.states.steps.step_marker import StepMarker
from lamplighter.services.states.tables import pending_events
from lamplighter.services.states.tables.external_names import Work
from lamplighter.store.db import DamagedData, Reader, Store, Tx

log = logging.getLogger("lamplighter.states")

MAX_EVENTS_PER_REQUEST = 50
"""The most events of one execution in one request."""
MAX_UNSAVED_TRIES = 2
"""The most times that a step may have run for long when an engine died."""
RETRY_SECONDS = 1
"""Seconds before the next try if no process can be started (no descriptors, no memory)."""
STEP_STOPPED = "The step was stopped: {}."
ENGINE_DIED = "The engine died {} times during this step, so the step is not tried again."
INTERNAL_ERROR = "An internal error occurred; see the engine's log."


TaskRefusal = Callable[[Reader, Resource, Json], str | None]
"""Returns why a task with these parameters cannot start, or None if it can."""


@dataclass(frozen=True, slots=True)
class IsolatedRequest:
    """A request that a separate process works on, with the keys of its events."""

    rows: tuple[int, ...]
    revision: str
    request: AdvanceExecution


@dataclass(slots=True)
class IsolatedSteps:
    """The steps of one engine that separate processes compute."""

    _store: Store
    _world: World
    _isolation: Isolation
    _driver: ExecutionDriver
    _definitions: CompiledDefinitions
    _refusal_reason: TaskRefusal
    _marker: StepMarker = field(init=False)
    _pending: set[int] = field(default_factory=set)
    """Executions that may have pending events."""
    _deaths: dict[str, int] = field(default_factory=dict)
    """The number of times that an engine died in steps of each subject."""
    _tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _slow_rows: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """The keys of the events whose step runs for long and is counted, by execution."""

    def __post_init__(self) -> None:
        self._marker = StepMarker(self._store.directory)

    async def start(self) -> None:
        """Count the step in which the last engine died, and start the steps that it left."""
        if self._marker.crashed_subject:
            await self._store.write(lambda tx: step_marker.count_death(tx, self._marker.crashed_subject))
        self._deaths = step_marker.deaths_by_subject(self._store.reader)
        self.drop_caches()
        for key in self._pending:
            self._start_task(key)

    async def stop(self) -> None:
        """Stop the running steps; the next engine starts them again, and this stop is not counted."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        rows = [row for counted in self._slow_rows.values() for row in counted]
        if rows:
            with suppress(Unavailable):
                await self._store.write(lambda tx: pending_events.count_unsaved_try(tx, rows, -1))
        self._marker.close()

    def drop_caches(self) -> None:
        """Read again from the database which executions have pending events."""
        self._pending = set(pending_events.executions_with_events(self._store.reader))

    def has_events(self, key: int) -> bool:
        """Return whether an execution may have pending events."""
        return key in self._pending

    def ends_work(self, tx: Tx, work: Work) -> bool:
        """Return whether a pending event ends this piece of work."""
        return work.execution in self._pending and pending_events.ends_work(tx, work)

    def deaths(self, *subjects: str) -> int:
        """Return how often an engine died in steps of one of these subjects; the highest number counts."""
        return max((self._deaths.get(subject, 0) for subject in subjects), default=0) if self._deaths else 0

    def mark_step(self, subject: str) -> AbstractContextManager[None]:
        """Return a block that marks a step of this process; if the engine dies in it, the next engine knows."""
        return self._marker.mark_step(subject)

    def mark_until_loop_turns(self, subject: str) -> None:
        """Mark a step of this process, and the steps of the same subject that follow before the loop's next turn.

        If the engine dies soon after such a step, the step is blamed for it. That is acceptable for a subject whose
        deaths only move its steps to separate processes and end no execution.
        """
        if self._marker.set(subject):
            asyncio.get_running_loop().call_soon(self._marker.clear)

    def add_event(self, tx: Tx, key: int, event: Event, unsaved_tries: int = 0) -> None:
        """Store an event; its step is computed after the commit."""
        pending_events.add(tx, key, event, unsaved_tries)
        self._pending.add(key)
        tx.after_commit.append(lambda: self._start_task(key))

    def delete_events(self, tx: Tx, key: int) -> None:
        """Delete the pending events of an execution that has ended."""
        if key in self._pending:
            pending_events.delete_all(tx, key)

    def _start_task(self, key: int) -> None:
        if key not in self._tasks:
            self._tasks[key] = asyncio.get_running_loop().create_task(self._run(key))

    async def _run(self, key: int) -> None:
        while (request := await self._store.write_with_retry(partial(self._next_request, key))) is not None:
            outcome = await self._compute(request, partial(self._count_slow_step, key, request.rows))
            await self._store.write_with_retry(partial(self._save_steps, key, request, outcome))
            self._slow_rows.pop(key, None)

    def _count_slow_step(self, key: int, rows: tuple[int, ...]) -> None:
        """Count a slow step: if the engine dies now, this step may be the cause."""
        self._slow_rows[key] = rows
        self._store.write_in_background(lambda tx: pending_events.count_unsaved_try(tx, rows, 1))

    def _next_request(self, key: int, tx: Tx) -> IsolatedRequest | None:
        """Return the request for an execution's next events, or None if there are none."""
        found = self._driver.find(tx, key)
        try:
            rows = pending_events.first_events(tx, key, MAX_EVENTS_PER_REQUEST) if found else []
        except DamagedData as error:
            log.error("%s; its execution fails", error)
            self._driver.end_broken(tx, key, str(error))
            rows = []
        if found and rows and rows[0].unsaved_tries >= MAX_UNSAVED_TRIES:
            self._driver.end_broken(tx, key, ENGINE_DIED.format(rows[0].unsaved_tries))
            rows = []
        if not found or not rows:
            pending_events.delete_all(tx, key)
            self._pending.discard(key)
            self._tasks.pop(key, None)
            return None
        keys = tuple(row.id for row in rows)
        revision, execution = found
        source, timeout = self._definitions.source(tx, execution, revision)
        events = tuple(row.event for row in rows)
        request = AdvanceExecution(source, timeout, execution, events, request_clock(self._world))
        return IsolatedRequest(keys, revision, request)

    async def _compute(self, isolated: IsolatedRequest, on_slow: Callable[[], None]) -> Advanced | str:
        """Return the steps, or a text that states why there are none."""
        while True:
            try:
                answer = await self._isolation.run(
                    isolated.request, partial(self._refusal_reason, self._store.reader), on_slow
                )
            except LimitExceeded as error:
                log.warning("a step of execution %s was stopped: %s", isolated.request.execution.arn, error)
                return STEP_STOPPED.format(error)
            except OSError as error:
                log.warning("no process can be started for a step (%s); trying again", error)
                await asyncio.sleep(RETRY_SECONDS)
            except Exception:
                log.exception("execution %s cannot continue; the execution fails", isolated.request.execution.arn)
                return INTERNAL_ERROR
            else:
                assert isinstance(answer, Advanced)
                return answer

    def _save_steps(self, key: int, isolated: IsolatedRequest, outcome: Advanced | str, tx: Tx) -> None:
        """Save the computed steps; save nothing if the execution was stopped meanwhile."""
        if not pending_events.all_exist(tx, key, isolated.rows):
            return
        pending_events.delete(tx, isolated.rows)
        self._clear_deaths(tx, step_marker.execution_subject(key), step_marker.revision_subject(isolated.revision))
        if isinstance(outcome, str):
            self._driver.end_broken(tx, key, outcome)
            return
        try:
            with tx.nested():
                running = RunningExecution(isolated.revision, isolated.request.execution)
                for step in outcome.steps(running.execution):
                    self._driver.save_step(tx, key, running, step)
                    running = RunningExecution(isolated.revision, step.execution)
        except sqlite3.Error:
            raise
        except Exception:
            log.exception("a step of execution %s cannot be saved; the execution fails", isolated.request.execution.arn)
            self._driver.end_broken(tx, key, INTERNAL_ERROR)

    def _clear_deaths(self, tx: Tx, *subjects: str) -> None:
        for subject in subjects:
            if self._deaths.pop(subject, 0):
                step_marker.clear_deaths(tx, subject)


def request_clock(world: World) -> RequestClock:
    """Return the current time of both clocks, and a random seed."""
    return RequestClock(world.now(), world.monotonic(), int(world.random() * 2**53))
