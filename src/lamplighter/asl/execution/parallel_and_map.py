"""Run Parallel and Map: start their children, gather the outputs, and handle failures.

See https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html and state-map-inline.html.
"""

from dataclasses import replace

from lamplighter.asl.definition.model import Map, Parallel, RetryableState
from lamplighter.asl.execution import distributed_map, history
from lamplighter.asl.execution.error_handling import fail_execution, fail_state, handle_error
from lamplighter.asl.execution.frame import ChildProgress, Phase
from lamplighter.asl.execution.state_errors import MAX_BYTES, StateError, result_too_large
from lamplighter.asl.execution.step import BlockEnd, MutableFrame, StepBuilder
from lamplighter.asl.execution.transitions import check_size, complete_state, state_type
from lamplighter.base.json_text import Json, dumps, loads

INLINE_LIMIT = 40
"""The most items that an inline Map runs concurrently: "up to 40 concurrent iterations"."""


MAX_BRANCHES_PER_CROSSING = 250
"""The most branches that one crossing starts."""
MAX_INPUT_CHARACTERS_PER_CROSSING = 2_097_152
"""The most characters of input that one crossing copies to new branches."""


def begin_parallel(run: StepBuilder, path: MutableFrame, state: Parallel) -> None:
    """Begin a Parallel by starting its branches."""
    arguments = state.arguments(run.scope(path))
    document = arguments, path.text if arguments is path.input else dumps(arguments)
    path.previous = run.add_event(path.previous, "ParallelStateStarted")
    total = len(state.branches)
    path.phase, path.fan = Phase.WAITING_FOR_CHILDREN, ChildProgress(total, 0, 0, total)
    _start_branches(run, path, state, document)


def start_more_branches(run: StepBuilder, path: MutableFrame, state: Parallel) -> None:
    """Start further branches of a Parallel that has begun."""
    _start_branches(run, path, state, (path.input, path.text))


def _start_branches(run: StepBuilder, path: MutableFrame, state: Parallel, document: tuple[Json, str]) -> None:
    """Start the next branches; further crossings start the rest, after these branches have advanced as far as they can.

    A document that was made from the input is neither stored nor made again; in this case all branches start together.
    """
    assert path.fan is not None
    first, end = path.fan.started, path.fan.total
    if document[0] is path.input:
        end = min(
            end, first + max(1, min(MAX_BRANCHES_PER_CROSSING, MAX_INPUT_CHARACTERS_PER_CROSSING // len(document[1])))
        )
    path.fan = replace(path.fan, started=end)
    if end < path.fan.total:
        path.phase = Phase.STARTING_CHILDREN
        run.ready.append(path.id)
    else:
        path.phase = Phase.WAITING_FOR_CHILDREN
    children = [
        run.start_child(path, index, run.definition.blocks[state.branches[index]], document, path.previous)
        for index in range(first, end)
    ]
    run.ready += [child.id for child in reversed(children)]


def begin_map(run: StepBuilder, path: MutableFrame, state: Map) -> None:
    """Begin a Map: start as many items as may run concurrently, or start a Map Run."""
    if state.distributed is not None:
        distributed_map.start_map_run(run, path, state, state.distributed)
        return
    scope = run.scope(path)
    items = state.items(scope.at(state.arguments(scope)))
    concurrency = state.concurrency(scope)
    limit = min(concurrency or INLINE_LIMIT, INLINE_LIMIT)
    path.previous = run.add_event(path.previous, "MapStateStarted", {"length": len(items)})
    path.phase, path.fan, path.items = Phase.WAITING_FOR_CHILDREN, ChildProgress(len(items), 0, 0, limit), items
    if not items:
        path.phase = Phase.CHILDREN_ENDED
        run.ready.append(path.id)
        return
    children = [_start_next_item(run, path, state, path.previous) for _ in range(min(limit, len(items)))]
    run.ready += [child.id for child in reversed(children)]


def _start_next_item(run: StepBuilder, path: MutableFrame, state: Map, previous: int) -> MutableFrame:
    assert path.fan is not None
    assert path.items is not None
    index = path.fan.started
    item = distributed_map.select_item(run, path, state, index, path.items[index])
    path.fan = replace(path.fan, started=index + 1)
    started = run.add_event(previous, "MapIterationStarted", {"name": state.name, "index": index})
    return run.start_child(path, index, run.definition.blocks[state.processor], (item, dumps(item)), started)


def end_path(run: StepBuilder, end: BlockEnd) -> None:
    """Report the end of a path to its parent, or end the execution."""
    if end.path.parent == 0:
        _end_execution(run, end)
        return
    parent = run.open_frame(end.path.parent)
    state = run.state(parent)
    assert isinstance(state, (Parallel, Map))
    try:
        if end.failed:
            _child_failed(run, parent, state, end)
        else:
            _child_succeeded(run, parent, state, end)
    except StateError as fault:
        _cancel_children(run, parent)
        fail_state(run, parent, state, fault)


def _end_execution(run: StepBuilder, end: BlockEnd) -> None:
    if end.failed:
        fail_execution(run, end.path.previous, end.error, end.cause)
        return
    run.add_terminal_event(end.path.previous, "ExecutionSucceeded", history.output_details(end.output))
    run.end_execution("SUCCEEDED", output=end.output)


def _child_succeeded(run: StepBuilder, parent: MutableFrame, state: RetryableState, end: BlockEnd) -> None:
    child = end.path
    assert parent.fan is not None
    run.store_result(parent, child.index, end.output)
    last = child.previous
    if isinstance(state, Map):
        details = {"name": state.name, "index": child.index}
        last = run.add_event(child.previous, "MapIterationSucceeded", details)
    run.remove_frame(child)
    parent.fan = replace(parent.fan, done=parent.fan.done + 1)
    if isinstance(state, Map) and parent.fan.started < parent.fan.total:
        run.ready.append(_start_next_item(run, parent, state, child.previous).id)
    elif parent.fan.done == parent.fan.total:
        parent.phase, parent.previous = Phase.CHILDREN_ENDED, last
        run.ready.append(parent.id)


def gather_results(run: StepBuilder, path: MutableFrame, state: RetryableState) -> None:
    """Complete a Parallel or Map whose children have ended; their outputs, in order, are its result."""
    assert path.fan is not None
    outputs = run.results.pop(path.id, {})
    if sum(map(len, outputs.values())) > MAX_BYTES:  # checked before the outputs are joined: they may have 300 MB
        raise result_too_large(state.name)
    text = check_size(state, f"[{','.join(outputs[index] for index in range(path.fan.total))}]")
    run.add_event(path.previous, f"{state_type(state)}StateSucceeded")
    complete_state(run, path, state, loads(text), text)


def _child_failed(run: StepBuilder, parent: MutableFrame, state: RetryableState, end: BlockEnd) -> None:
    """Fail a Parallel or Map: "the entire … state is considered to have failed and all its branches are stopped"."""
    child = end.path
    if isinstance(state, Map):
        run.add_event(child.previous, "MapIterationFailed", {"name": state.name, "index": child.index})
    parent.previous = child.previous
    run.remove_frame(child)
    _cancel_children(run, parent)
    handle_error(run, parent, state, end.error, end.cause)


def _cancel_children(run: StepBuilder, parent: MutableFrame) -> None:
    """Stop all paths below a Parallel or Map."""
    for path in list(run.descendants(parent.id)):
        state = run.state(path)
        is_waiting = path.phase in (
            Phase.WORKING,
            Phase.WAITING,
            Phase.RETRYING,
            Phase.WAITING_FOR_CHILDREN,
            Phase.STARTING_CHILDREN,
        )
        run.cancel_wait(path)
        if is_waiting and path.entered:
            run.add_event(path.previous, f"{state_type(state)}StateAborted")
        if path.parent == parent.id and isinstance(run.state(parent), Map):
            run.add_event(path.previous, "MapIterationAborted", {"name": parent.state, "index": path.index})
        run.remove_frame(path)
        run.results.pop(path.id, None)
    run.results.pop(parent.id, None)
    run.ready = [key for key in run.ready if key in run.frames and key != parent.id]
    run.ended = [end for end in run.ended if end.path.id in run.frames]
