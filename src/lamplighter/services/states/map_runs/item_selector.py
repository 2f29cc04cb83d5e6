"""Evaluate the inputs of a Map Run's next children, for which an ItemSelector or ItemBatcher may contain expressions.

An expression whose cost is bounded is evaluated immediately. Any other is evaluated in a separate process
(`lamplighter/isolation`), and the caller calls again when the inputs are ready. Inputs stay in memory until a caller
takes them; after a crash the next engine evaluates them again.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from lamplighter.asl.execution.distributed_map import ChildInput, child_inputs
from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.state_errors import RUNTIME, StateError
from lamplighter.base.errors import LamplighterError, MayTakeLong
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.isolation.port import Isolation, LimitExceeded
from lamplighter.isolation.requests import Failed, Selected, SelectItems, WindowTooSmall
from lamplighter.services.states.executions import step_marker
from lamplighter.services.states.executions.isolated_steps import (
    RETRY_SECONDS,
    STEP_STOPPED,
    IsolatedSteps,
    request_clock,
)
from lamplighter.services.states.executions.queries import ExecutionQueries
from lamplighter.services.states.machines.compiled_definitions import CompiledDefinitions
from lamplighter.services.states.tables import map_runs
from lamplighter.services.states.tables.map_runs import MapRun
from lamplighter.store.db import Store, Tx

WINDOW = 200
"""The number of items that a request sends first; each further request sends four times as many if a batch needs
more."""


class InputsNotReady(LamplighterError):
    """The error that a separate process has to evaluate the children's inputs first."""

    def __init__(self, run: int, first: int, most: int) -> None:
        super().__init__(run, first, most)
        self.key = (run, first, most)


class ChildInputs:
    """The inputs of child executions, evaluated in this process or in a separate one."""

    def __init__(
        self,
        store: Store,
        world: World,
        queries: ExecutionQueries,
        definitions: CompiledDefinitions,
        isolated: IsolatedSteps,
        isolation: Isolation,
    ) -> None:
        self._store = store
        self._world = world
        self._queries = queries
        self._definitions = definitions
        self._isolated = isolated
        self._isolation = isolation
        self._made: dict[tuple[int, int, int], list[ChildInput] | StateError] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    def take(self, tx: Tx, run: MapRun, first: int, most: int) -> list[ChildInput]:
        """Return the inputs of the next children.

        Raises `StateError` if the evaluation fails, and `InputsNotReady` if `make` has to evaluate the inputs first.
        """
        found = self._made.pop((run.id, first, most), None)
        if isinstance(found, StateError):
            raise found
        if found is not None:
            return found
        revision, parent = self._queries.running(tx, run.execution)
        subject = step_marker.execution_subject(run.execution)
        if self._isolated.deaths(subject):
            raise InputsNotReady(run.id, first, most)
        definition, items = self._definitions.definition(tx, revision), _items(tx, run, parent)
        try:
            with self._isolated.under_way(subject):
                world = replace(self._world, may_block=False)
                return child_inputs(definition, parent, run.frame, world, items, first, most)
        except MayTakeLong:
            raise InputsNotReady(run.id, first, most) from None

    def make_soon(self, wanted: InputsNotReady, then: Callable[[], None]) -> None:
        """Start to evaluate inputs in a separate process, then call `then` on the loop."""

        async def work() -> None:
            await self.make(wanted)
            then()

        task = asyncio.get_running_loop().create_task(work())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def make(self, wanted: InputsNotReady) -> None:
        """Evaluate inputs in a separate process, for a later call of `take`."""
        window = WINDOW
        while (request := await self._store.write_with_retry(partial(self._request, wanted, window))) is not None:
            made = await self._answer(request)
            if not isinstance(made, WindowTooSmall):
                self._made[wanted.key] = made
                return
            window *= 4

    async def stop(self) -> None:
        """Cancel the running evaluations."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _request(self, wanted: InputsNotReady, window: int, tx: Tx) -> SelectItems | None:
        key, first, most = wanted.key
        run = map_runs.by_id(tx, key)
        if run is None or not self._queries.waits_for(tx, run.work):
            return None
        revision, parent = self._queries.running(tx, run.execution)
        source, _ = self._definitions.source(tx, parent, revision)
        items = _items(tx, run, parent)
        sent = tuple(items[at] for at in range(first, min(first + window, len(items))))
        light = replace(parent, frames={**parent.frames, run.frame: replace(parent.frames[run.frame], items=())})
        return SelectItems(source, light, run.frame, len(items), first, sent, most, request_clock(self._world))

    async def _answer(self, request: SelectItems) -> list[ChildInput] | StateError | WindowTooSmall:
        while True:
            try:
                answer = await self._isolation.run(request, lambda _resource, _parameters: None)
            except LimitExceeded as error:
                return StateError(RUNTIME, STEP_STOPPED.format(error))
            except OSError:  # no process can be started now
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if isinstance(answer, Failed):
                return StateError(answer.error, answer.cause)
            if isinstance(answer, WindowTooSmall):
                return answer
            assert isinstance(answer, Selected)
            return list(answer.given)


def _items(tx: Tx, run: MapRun, parent: Execution) -> Sequence[Json]:
    held = parent.frames[run.frame].items
    return map_runs.MapItems(tx, run) if held is None else held
