"""What the next children of a Map Run are given, where an ItemSelector or ItemBatcher says so.

An expression with a known bound is evaluated where it is asked for; any other in a process of its own
(`lamplighter/isolation`), and whoever asked asks again when the answer is there. Answers are kept in memory until they
are taken: an engine that dies evaluates them anew.
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
from lamplighter.services.states.executions.driver import Driver
from lamplighter.services.states.executions.isolated_steps import RETRY_SECONDS, STEP_STOPPED, request_clock
from lamplighter.services.states.tables import map_runs
from lamplighter.services.states.tables.map_runs import MapRun
from lamplighter.store.db import Store, Tx

WINDOW = 200
"""How many items are sent at first; four times as many where a batch needs more."""


class InputsNotReady(LamplighterError):
    """The children's inputs have to be made in a process of its own first."""

    def __init__(self, run: int, first: int, most: int) -> None:
        super().__init__(run, first, most)
        self.key = (run, first, most)


class ChildInputs:
    """The inputs of children, made here or elsewhere."""

    def __init__(self, store: Store, world: World, driver: Driver, isolation: Isolation) -> None:
        self._store = store
        self._world = world
        self._driver = driver
        self._isolation = isolation
        self._made: dict[tuple[int, int, int], list[ChildInput] | StateError] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    def take(self, tx: Tx, run: MapRun, first: int, most: int) -> list[ChildInput]:
        """Return the inputs of the next children; raises Fault, or NotSelected where `make` has to make them first."""
        found = self._made.pop((run.id, first, most), None)
        if isinstance(found, StateError):
            raise found
        if found is not None:
            return found
        parent, revision = self._driver.state_of(tx, run.execution)
        subject = step_marker.execution_subject(run.execution)
        if self._driver.isolated.deaths(subject):
            raise InputsNotReady(run.id, first, most)
        definition, items = self._driver.revisions.definition(tx, revision), _items(tx, run, parent)
        try:
            with self._driver.isolated.under_way(subject):
                world = replace(self._world, may_block=False)
                return child_inputs(definition, parent, run.frame, world, items, first, most)
        except MayTakeLong:
            raise InputsNotReady(run.id, first, most) from None

    def make_soon(self, wanted: InputsNotReady, then: Callable[[], None]) -> None:
        """Make inputs in a process of its own, then call `then` on the loop."""

        async def work() -> None:
            await self.make(wanted)
            then()

        task = asyncio.get_running_loop().create_task(work())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def make(self, wanted: InputsNotReady) -> None:
        """Make inputs in a process of its own; `take` has them then."""
        window = WINDOW
        while (request := await self._store.write_with_retry(partial(self._request, wanted, window))) is not None:
            made = await self._answer(request)
            if not isinstance(made, WindowTooSmall):
                self._made[wanted.key] = made
                return
            window *= 4

    async def stop(self) -> None:
        """Break off what is under way."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _request(self, wanted: InputsNotReady, window: int, tx: Tx) -> SelectItems | None:
        key, first, most = wanted.key
        run = map_runs.by_id(tx, key)
        if run is None or not self._driver.waits_for(tx, run.work):
            return None
        parent, revision = self._driver.state_of(tx, run.execution)
        source, _ = self._driver.revisions.source(tx, parent, revision)
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
