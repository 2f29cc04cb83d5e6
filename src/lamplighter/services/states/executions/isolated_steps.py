"""Steps that are made in a process of their own, because nobody can tell beforehand how long they take.

An event whose step may take long becomes a row (`services/states/tables/pending_events.py`), and so does everything
that happens to the execution until that step is kept. Promises that events take effect in their order, once, and that a
step which takes too long, needs too much memory or ends its process costs its own execution only: that one fails with
States.Runtime. A step in which the engine died is made in a process of its own from then on, where it cannot take the
engine along. One that had used processor time for a while when the engine died is counted; the third time it is not
begun. A short step is not, nor one that waited for its process: an engine that is killed again and again must not end
executions that are innocent of it. What ends an execution from outside (StopExecution, damaged storage) waits for no
step.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from lamplighter.asl.definition.model import Resource
from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.messages import Event
from lamplighter.asl.execution.step import Step
from lamplighter.base.errors import Unavailable
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.isolation.port import Isolation, LimitExceeded
from lamplighter.isolation.requests import Advanced, AdvanceExecution, RequestClock
from lamplighter.services.states.executions import step_marker
from lamplighter.services.states.executions.step_marker import StepMarker
from lamplighter.services.states.machines.compiled_definitions import CompiledDefinitions
from lamplighter.services.states.tables import pending_events
from lamplighter.services.states.tables.frames import Work
from lamplighter.store.db import Damaged, Reader, Store, Tx

log = logging.getLogger("lamplighter.states")

EVENTS_AT_ONCE = 50
"""How many events of one execution one request carries."""
MOST_BEGUN = 2
"""How often a step may have been under way when an engine died."""
RETRY_SECONDS = 1
"""How long to wait where no process can be started (no descriptors, no memory)."""
STEP_STOPPED = "The step was broken off: {}."
DEADLY = "The step was under way {} times when the engine died; it is not begun again."
INTERNAL = "An internal error occurred; the engine's log has it."


class ExecutionDriver(Protocol):
    """What is needed of the driver."""

    def find(self, tx: Tx, key: int) -> tuple[str, Execution] | None:
        """Return the revision and the state of an execution that runs."""

    def save_step(self, tx: Tx, key: int, revision: str, old: Execution, step: Step) -> None:
        """Write one step down."""

    def end_broken(self, tx: Tx, key: int, cause: str) -> None:
        """End an execution that cannot go on."""

    def why_refused(self, reader: Reader, resource: Resource, parameters: Json) -> str | None:
        """Why a task cannot be begun."""


@dataclass(frozen=True, slots=True)
class IsolatedRequest:
    """One request that is under way, and the rows that it is for."""

    rows: tuple[int, ...]
    revision: str
    request: AdvanceExecution


class IsolatedSteps:
    """The steps of one engine that are made elsewhere."""

    def __init__(
        self,
        store: Store,
        world: World,
        isolation: Isolation,
        executions: ExecutionDriver,
        revisions: CompiledDefinitions,
    ) -> None:
        self._store = store
        self._world = world
        self._isolation = isolation
        self._executions = executions
        self._revisions = revisions
        self._mark = StepMarker(store.directory)
        self._pending: set[int] = set()
        """Executions with pending events; some of them may have none any more."""
        self._deaths: dict[str, int] = {}
        """By step, how often an engine died in it."""
        self._trips: dict[int, asyncio.Task[None]] = {}
        self._counted: dict[int, tuple[int, ...]] = {}
        """By execution, the rows whose step is under way and counted."""

    async def start(self) -> None:
        """Take up what the last engine left, and count what it died in."""
        if self._mark.left:
            await self._store.write(lambda tx: step_marker.count_death(tx, self._mark.left))
        self._deaths = step_marker.suspects(self._store.reader)
        self.drop_caches()
        for key in self._pending:
            self._begin(key)

    async def stop(self) -> None:
        """Break off what is under way: the next engine begins it again, and does not count this."""
        tasks = list(self._trips.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        rows = [row for counted in self._counted.values() for row in counted]
        if rows:
            with suppress(Unavailable):
                await self._store.write(lambda tx: pending_events.count_begun(tx, rows, -1))
        self._mark.close()

    def drop_caches(self) -> None:
        """Believe nothing that is not on disk."""
        self._pending = set(pending_events.executions(self._store.reader))

    def holds(self, key: int) -> bool:
        """Whether an execution has pending events."""
        return key in self._pending

    def ends(self, tx: Tx, work: Work) -> bool:
        """Whether a pending event ends this piece of work."""
        return work.execution in self._pending and pending_events.ends_work(tx, work)

    def deaths(self, *subjects: str) -> int:
        """How often an engine died in one of these steps."""
        return max((self._deaths.get(subject, 0) for subject in subjects), default=0) if self._deaths else 0

    def under_way(self, subject: str) -> AbstractContextManager[None]:
        """Mark a step that is made in this process, in case that it is the engine's last."""
        return self._mark.under_way(subject)

    def mark_until_loop_turns(self, subject: str) -> None:
        """Mark a step that is made in this process, and those of the same name that follow at once.

        An engine that dies soon after such a step is said to have died in it. That is allowed for a subject whose
        deaths only have steps made in a process of their own, and end nothing.
        """
        if self._mark.set(subject):
            asyncio.get_running_loop().call_soon(self._mark.clear)

    def add(self, tx: Tx, key: int, event: Event, begun: int = 0) -> None:
        """Keep an event, and have its step made."""
        pending_events.add(tx, key, event, begun)
        self._pending.add(key)
        tx.after.append(lambda: self._begin(key))

    def drop(self, tx: Tx, key: int) -> None:
        """Forget the pending events of an execution that has ended."""
        if key in self._pending:
            pending_events.delete_all(tx, key)

    def _begin(self, key: int) -> None:
        if key not in self._trips:
            self._trips[key] = asyncio.get_running_loop().create_task(self._run(key))

    async def _run(self, key: int) -> None:
        while (trip := await self._store.write_with_retry(partial(self._take, key))) is not None:
            outcome = await self._answer(trip, partial(self._count, key, trip.rows))
            await self._store.write_with_retry(partial(self._save_steps, key, trip, outcome))
            self._counted.pop(key, None)

    def _count(self, key: int, rows: tuple[int, ...]) -> None:
        """Count a step that is slow: an engine that dies now may die of it."""
        self._counted[key] = rows
        self._store.write_in_background(lambda tx: pending_events.count_begun(tx, rows, 1))

    def _take(self, key: int, tx: Tx) -> IsolatedRequest | None:
        """Return the next events to work on; None where there are none."""
        found = self._executions.find(tx, key)
        try:
            rows = pending_events.first_events(tx, key, EVENTS_AT_ONCE) if found else []
        except Damaged as error:
            log.error("%s; its execution is ended", error)
            self._executions.end_broken(tx, key, str(error))
            rows = []
        if found and rows and rows[0].begun >= MOST_BEGUN:
            self._executions.end_broken(tx, key, DEADLY.format(rows[0].begun))
            rows = []
        if not found or not rows:
            pending_events.delete_all(tx, key)
            self._pending.discard(key)
            self._trips.pop(key, None)
            return None
        keys = tuple(row.id for row in rows)
        revision, execution = found
        source, timeout = self._revisions.source(tx, execution, revision)
        events = tuple(row.event for row in rows)
        request = AdvanceExecution(source, timeout, execution, events, request_clock(self._world))
        return IsolatedRequest(keys, revision, request)

    async def _answer(self, trip: IsolatedRequest, on_slow: Callable[[], None]) -> Advanced | str:
        """The steps, or why there are none."""
        while True:
            try:
                answer = await self._isolation.run(trip.request, self._refusal, on_slow)
            except LimitExceeded as error:
                log.warning("a step of execution %s was broken off: %s", trip.request.execution.arn, error)
                return STEP_STOPPED.format(error)
            except OSError as error:
                log.warning("no process can be started for a step (%s); trying again", error)
                await asyncio.sleep(RETRY_SECONDS)
            except Exception:
                log.exception("execution %s cannot go on; it is ended", trip.request.execution.arn)
                return INTERNAL
            else:
                assert isinstance(answer, Advanced)
                return answer

    def _refusal(self, resource: Resource, parameters: Json) -> str | None:
        return self._executions.why_refused(self._store.reader, resource, parameters)

    def _save_steps(self, key: int, trip: IsolatedRequest, outcome: Advanced | str, tx: Tx) -> None:
        """Keep the steps, unless the execution has been ended from outside."""
        if not pending_events.all_exist(tx, key, trip.rows):
            return
        pending_events.delete(tx, trip.rows)
        self._clear(tx, step_marker.execution_subject(key), step_marker.revision_subject(trip.revision))
        if isinstance(outcome, str):
            self._executions.end_broken(tx, key, outcome)
            return
        try:
            with tx.nested():
                execution = trip.request.execution
                for step in outcome.steps(execution):
                    self._executions.save_step(tx, key, trip.revision, execution, step)
                    execution = step.execution
        except sqlite3.Error:
            raise
        except Exception:
            log.exception("a step of execution %s cannot be kept; it is ended", trip.request.execution.arn)
            self._executions.end_broken(tx, key, INTERNAL)

    def _clear(self, tx: Tx, *subjects: str) -> None:
        for subject in subjects:
            if self._deaths.pop(subject, 0):
                step_marker.clear(tx, subject)


def request_clock(world: World) -> RequestClock:
    """Return the clock as it stands, and a seed."""
    return RequestClock(world.now(), world.monotonic(), int(world.random() * 2**53))
