"""Evaluate the inputs of a Map Run's next children, for which an ItemSelector or ItemBatcher may contain expressions.

An expression whose cost is bounded is evaluated immediately. Any other is evaluated in a separate process
(`lamplighter/isolation`), and the caller calls again when the inputs are ready. Inputs stay in memory until a caller
takes them; after a crash the next engine evaluates them again.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from lamplighter.asl.execution.distributed_map import ChildInput, child_inputs
from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.state_errors import RUNTIME, StateError
from lamplighter.base.errors import LamplighterError, UnboundedWork
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.isolation.port import Isolation, LimitExceeded
from lamplighter.isolation.requests import Selected, SelectItems, StateFailed, WindowTooSmall
from lamplighter.services.states.machines.compiled_definitions import CompiledDefinitions
from lamplighter.services.states.steps import step_marker
from lamplighter.services.states.steps.isolated_steps import (
    RETRY_SECONDS,
    STEP_STOPPED,
    IsolatedSteps,
    request_clock,
)
from lamplighter.services.states.steps.pending_work import PendingWork
from lamplighter.services.states.tables import map_runs
from lamplighter.services.states.tables.map_runs import MapRun
from lamplighter.store.db import Store, Tx

FIRST_WINDOW = 200
"""The number of items that a request sends first; each further request sends four times as many if a batch needs
more."""


class InputsNotReady(LamplighterError):
    """The error that a separate process has to evaluate the children's inputs first."""

    def __init__(self, run: int, first: int, most: int) -> None:
        super().__init__(run, first, most)
        self.key = (run, first, most)


@dataclass(slots=True)
class ChildInputs:
    """The inputs of child executions, evaluated in this process or in a separate one."""

    _store: Store
    _world: World
    _pending_work: PendingWork
    _definitions: CompiledDefinitions
    _isolated: IsolatedSteps
    _isolation: Isolation
    _evaluated: dict[tuple[int, int, int], list[ChildInput] | StateError] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def take(self, tx: Tx, run: MapRun, first: int, most: int) -> list[ChildInput]:
        """Return the inputs of the next children.

        Raises `StateError` if the evaluation fails, and `InputsNotReady` if `evaluate` has to evaluate the inputs
        first.
        """
        found = self._evaluated.pop((run.id, first, most), None)
        if isinstance(found, StateError):
            raise found
        if found is not None:
            return found
        revision, parent = self._pending_work.running(tx, run.execution)
        subject = step_marker.execution_subject(run.execution)
        if self._isolated.deaths(subject):
            raise InputsNotReady(run.id, first, most)
        definition, items = self._definitions.definition(tx, revision), _items(tx, run, parent)
        try:
            with self._isolated.mark_step(subject):
                world = replace(self._world, allows_unbounded_work=False)
                return child_inputs(definition, parent, run.frame, world, items, first, most)
        except UnboundedWork:
            raise InputsNotReady(run.id, first, most) from None

    def evaluate_in_background(self, missing: InputsNotReady, then: Callable[[], None]) -> None:
        """Start to evaluate inputs in a separate process, then call `then` on the loop."""

        async def work() -> None:
            await self.evaluate(missing)
            then()

        task = asyncio.get_running_loop().create_task(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def evaluate(self, missing: InputsNotReady) -> None:
        """Evaluate inputs in a separate process, for a later call of `take`."""
        window = FIRST_WINDOW
        while (request := await self._store.write_with_retry(partial(self._next_request, missing, window))) is not None:
            inputs = await self._compute(request)
            if not isinstance(inputs, WindowTooSmall):
                self._evaluated[missing.key] = inputs
                return
            window *= 4

    async def stop(self) -> None:
        """Cancel the running evaluations."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _next_request(self, missing: InputsNotReady, window: int, tx: Tx) -> SelectItems | None:
        key, first, most = missing.key
        run = map_runs.get_by_id(tx, key)
        if run is None or not self._pending_work.waits_for(tx, run.work):
            return None
        revision, parent = self._pending_work.running(tx, run.execution)
        source, _ = self._definitions.source(tx, parent, revision)
        items = _items(tx, run, parent)
        sent = tuple(items[at] for at in range(first, min(first + window, len(items))))
        parent_without_items = replace(
            parent, frames={**parent.frames, run.frame: replace(parent.frames[run.frame], items=())}
        )
        return SelectItems(
            source, parent_without_items, run.frame, len(items), first, sent, most, request_clock(self._world)
        )

    async def _compute(self, request: SelectItems) -> list[ChildInput] | StateError | WindowTooSmall:
        while True:
            try:
                answer = await self._isolation.run(request, lambda _resource, _parameters: None)
            except LimitExceeded as error:
                return StateError(RUNTIME, STEP_STOPPED.format(error))
            except OSError:  # no process can be started now
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if isinstance(answer, StateFailed):
                return StateError(answer.error, answer.cause)
            if isinstance(answer, WindowTooSmall):
                return answer
            assert isinstance(answer, Selected)
            return list(answer.inputs)


def _items(tx: Tx, run: MapRun, parent: Execution) -> Sequence[Json]:
    items = parent.frames[run.frame].items
    return map_runs.MapItems(tx, run) if items is None else items
