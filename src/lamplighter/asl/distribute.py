"""Distributed Map: the items run as executions of their own, gathered by a Map Run.

For the machine a Map Run is work in the world, as a task is: it begins, and one answer ends it. What a child is given
is worked out here, slice by slice, so that no step is long however many items there are.
See https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html.
"""

from collections.abc import Callable, Sequence

from lamplighter.asl.frame import Execution, Phase
from lamplighter.asl.messages import MapRunEnded, StartMapRun
from lamplighter.asl.model import Batcher, Definition, Distributed, Map
from lamplighter.asl.paths import complete, fits, recover
from lamplighter.asl.run import Path, Run, always
from lamplighter.asl.scope import Scope
from lamplighter.base import arn
from lamplighter.base.jsontext import Json, dumps, loads
from lamplighter.base.world import World


def begin(run: Run, path: Path, state: Map, distributed: Distributed, items: Sequence[Json]) -> None:
    """Have a Map Run started."""
    scope = run.scope(path)
    count = distributed.tolerated_count(scope) if distributed.tolerated_count else None
    percentage = distributed.tolerated_percentage(scope) if distributed.tolerated_percentage else None
    concurrency = state.concurrency(scope)
    details = {"length": len(items)}
    path.previous = run.note(path.previous, "MapStateStarted", "mapStateStartedEventDetails", details)
    label = distributed.label or run.world.uuid()
    name = map_run_arn(run.execution, label, run.world.uuid())
    path.previous = run.note(path.previous, "MapRunStarted", "mapRunStartedEventDetails", {"mapRunArn": name})
    path.phase, path.number, path.items = Phase.WORKING, run.number(), items
    run.commands.append(
        StartMapRun(
            frame=path.id,
            number=path.number,
            arn=name,
            label=label,
            block=state.processor,
            total=len(items),
            concurrency=concurrency,
            tolerated_count=count,
            tolerated_percentage=percentage,
            express=distributed.express,
        )
    )


def map_run_arn(execution: Execution, label: str, name: str) -> str:
    """The ARN of a Map Run."""
    owner = arn.parse(execution.arn)
    assert owner is not None
    return arn.build("states", owner.region, owner.account, f"mapRun:{execution.machine_name}/{label}:{name}")


def end(run: Run, path: Path, state: Map, event: MapRunEnded) -> None:
    """The Map Run has ended: go on with what its children came to, or with its error."""
    run.clear_timers(path)
    if event.output is None:
        details = {name: value for name, value in (("error", event.error), ("cause", event.cause)) if value is not None}
        path.previous = run.note(path.previous, "MapRunFailed", "mapRunFailedEventDetails", details)
        recover(run, path, state, event.error, event.cause)
        return
    text = fits(state, event.output)
    path.previous = run.note(path.previous, "MapRunSucceeded")
    run.note(path.previous, "MapStateSucceeded")
    complete(run, path, state, loads(text), text)


def inputs(
    definition: Definition, execution: Execution, frame: int, world: World, first: int, most: int
) -> tuple[list[str], int]:
    """The inputs of the next children, as JSON text, and how many items they take up, from item `first` on."""
    run = Run(definition, execution, world, always)
    path = run.path(frame)
    state = run.state(path)
    assert isinstance(state, Map)
    assert state.distributed is not None
    assert path.items is not None
    batcher = state.distributed.batcher
    if batcher is None:
        chosen = path.items[first : first + most]
        return [dumps(_selected(run, path, state, first + at, item)) for at, item in enumerate(chosen)], len(chosen)
    texts: list[str] = []
    taken = 0
    items, scope = path.items, run.scope(path)
    seen = scope if state.jsonata else scope.at(state.arguments(scope))

    def select(index: int) -> Json:
        return _selected(run, path, state, index, items[index])

    while len(texts) < most and first + taken < len(items):
        batch, used = batched(batcher, seen, len(items), select, first + taken)
        texts.append(dumps(batch))
        taken += used
    return texts, taken


def _selected(run: Run, path: Path, state: Map, index: int, item: Json) -> Json:
    if state.selector is None:
        return item
    scope = run.scope(path, item=(index, item))
    return state.selector(scope if state.jsonata else scope.at(state.arguments(scope)))


def batched(batcher: Batcher, seen: Scope, total: int, select: Callable[[int], Json], first: int) -> tuple[Json, int]:
    """The batch that begins with an item, and how many it takes: at least one, and no more than fit."""
    most = batcher.items(seen) if batcher.items else total
    room = batcher.bytes(seen) if batcher.bytes else None
    batch: Json = {"BatchInput": batcher.input(seen)} if batcher.input else {}
    size = len(dumps(batch | {"Items": []}).encode())
    taken: list[Json] = []
    for index in range(first, min(first + most, total)):
        item = select(index)
        size += len(dumps(item).encode()) + 1
        if taken and room is not None and size > room:
            break
        taken.append(item)
    return batch | {"Items": taken}, len(taken)
