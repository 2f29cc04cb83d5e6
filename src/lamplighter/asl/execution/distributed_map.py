"""Run a distributed Map, whose items become child executions of a Map Run.

For the machine a Map Run is work, like a task: it begins, and one event ends it. This module also computes the inputs
of the children, in slices, so that no step is long however many items there are.
See https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from lamplighter.asl.definition import reader_and_writer
from lamplighter.asl.definition.expression_scope import Scope
from lamplighter.asl.definition.model import Batcher, Definition, DistributedMap, Map
from lamplighter.asl.execution import history
from lamplighter.asl.execution.error_handling import cause_in_state, handle_error
from lamplighter.asl.execution.frame import Execution, Phase
from lamplighter.asl.execution.messages import COMPACT, MapRunEnded, RedriveMapRun, StartMapRun
from lamplighter.asl.execution.state_errors import StateError
from lamplighter.asl.execution.step import MutableFrame, StepBuilder
from lamplighter.asl.execution.transitions import check_size, complete_state
from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import World


def start_map_run(run: StepBuilder, path: MutableFrame, state: Map, distributed: DistributedMap) -> None:
    """Start a Map Run for the items of a distributed Map."""
    scope = run.scope(path)
    effective_scope = scope.at(state.arguments(scope))
    reader, writer = distributed.reader, distributed.writer
    items: Sequence[Json] = state.items(effective_scope) if reader is None else ()
    concurrency = state.concurrency(scope)
    reader_settings = reader_and_writer.reader_settings(reader, effective_scope) if reader else None
    writer_settings = reader_and_writer.writer_settings(writer, effective_scope) if writer else COMPACT
    path.previous = run.add_event(path.previous, "MapStateStarted", {"length": len(items)})
    # AWS, recorded: a bad tolerance fails the state after its MapStateStarted, a bad concurrency before it.
    count = distributed.tolerated_count(scope) if distributed.tolerated_count else None
    percentage = distributed.tolerated_percentage(scope) if distributed.tolerated_percentage else None
    label = distributed.label or run.world.uuid()
    name = arn.sibling(run.execution.arn, f"mapRun:{run.execution.machine_name}/{label}:{run.world.uuid()}")
    path.previous = run.add_event(path.previous, "MapRunStarted", {"mapRunArn": name})
    path.phase, path.number, path.map_run = Phase.WORKING, run.next_number(), name
    path.items = items if reader is None else None
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
            reading=reader_settings,
            writing=writer_settings,
        )
    )


def redrive_map_run(run: StepBuilder, path: MutableFrame) -> None:
    """Redrive a Map Run that failed or was aborted with its execution.

    "When you redrive a Map Run, Step Functions … redrives the unsuccessful child workflow executions."
    See https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html.
    """
    assert path.map_run is not None
    path.map_redrives += 1
    details = {"mapRunArn": path.map_run, "redriveCount": path.map_redrives}
    path.previous = run.add_event(run.last_event_id, "MapRunRedriven", details)
    path.phase, path.number = Phase.WORKING, run.next_number()
    run.commands.append(RedriveMapRun(path.id, path.number, path.map_run))


def end_map_run(run: StepBuilder, path: MutableFrame, state: Map, event: MapRunEnded) -> None:
    """Process the end of a Map Run: complete the state with its output, or handle its error."""
    run.clear_timers(path)
    if event.output is None:
        details = history.failure_details(event.error, event.cause)
        path.previous = run.add_event(path.previous, "MapRunFailed", details)
        handle_error(run, path, state, event.error, event.cause)
        return
    text = check_size(state, event.output)
    # AWS, recorded since November 2024: MapStateExited follows MapRunStarted, as these two events do.
    succeeded = run.add_event(path.previous, "MapRunSucceeded")
    run.add_event(succeeded, "MapStateSucceeded")
    complete_state(run, path, state, loads(text), text)


@dataclass(frozen=True, slots=True)
class ChildInput:
    """The input of one child execution."""

    text: str
    """The input as JSON text."""
    first: int
    """The position of its first item in the data set."""
    items: int
    """The number of its items."""


def child_inputs(
    definition: Definition,
    execution: Execution,
    frame: int,
    world: World,
    items: Sequence[Json],
    first: int,
    max_inputs: int,
) -> list[ChildInput]:
    """Return the inputs of the next children, at most `max_inputs`, from item `first` on.

    Raises StateError, whose cause names the state.
    """
    run = StepBuilder(definition, execution, world)
    path = run.open_frame(frame)
    state = run.state(path)
    assert isinstance(state, Map)
    assert state.distributed is not None
    batcher = state.distributed.batcher
    try:
        if batcher is None:
            indexes = range(first, min(first + max_inputs, len(items)))
            return [ChildInput(dumps(select_item(run, path, state, at, items[at])), at, 1) for at in indexes]
        return _batches(run, path, state, batcher, items, first, max_inputs)
    except StateError as fault:
        raise StateError(fault.error, cause_in_state(path, state, fault)) from None


def _batches(
    run: StepBuilder,
    path: MutableFrame,
    state: Map,
    batcher: Batcher,
    items: Sequence[Json],
    first: int,
    max_inputs: int,
) -> list[ChildInput]:
    scope = run.scope(path)
    effective_scope = scope if state.jsonata else scope.at(state.arguments(scope))

    def select(index: int) -> Json:
        return select_item(run, path, state, index, items[index])

    found = batches(batcher, effective_scope, len(items), select, first)
    return [ChildInput(dumps(batch), start, used) for batch, start, used in islice(found, max_inputs)]


def select_item(run: StepBuilder, path: MutableFrame, state: Map, index: int, item: Json) -> Json:
    """Return the input that the ItemSelector of a Map makes from an item; without ItemSelector, return the item."""
    if state.selector is None:
        return item
    scope = run.scope(path, item=(index, item))
    return state.selector(scope if state.jsonata else scope.at(state.arguments(scope)))


def batches(
    batcher: Batcher, effective_scope: Scope, total: int, select: Callable[[int], Json], first: int
) -> Iterator[tuple[Json, int, int]]:
    """Yield the batches from item `first` on, each with the position of its first item and the number of its items."""
    while first < total:
        batch, used = _next_batch(batcher, effective_scope, total, select, first)
        yield batch, first, used
        first += used


def _next_batch(
    batcher: Batcher, effective_scope: Scope, total: int, select: Callable[[int], Json], first: int
) -> tuple[Json, int]:
    """Return the batch that begins with item `first`, and the number of its items.

    A batch has at least one item and otherwise keeps both limits; a limit of 0 means none.
    """
    max_items = (batcher.items(effective_scope) if batcher.items else 0) or total
    max_bytes = (batcher.bytes(effective_scope) if batcher.bytes else 0) or None
    batch: Json = {"BatchInput": batcher.input(effective_scope)} if batcher.input else {}
    size = len(dumps(batch | {"Items": []}).encode())
    taken: list[Json] = []
    for index in range(first, min(first + max_items, total)):
        item = select(index)
        size += len(dumps(item).encode()) + 1
        if taken and max_bytes is not None and size > max_bytes:
            break
        taken.append(item)
    return batch | {"Items": taken}, len(taken)
