"""Parallel and Map: paths that have children, and what becomes of them.

See https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html and state-map-inline.html.
"""

from dataclasses import replace

from lamplighter.asl.definition.model import Map, Parallel, Working
from lamplighter.asl.execution import distributed_map, history
from lamplighter.asl.execution.frame import Fan, Phase
from lamplighter.asl.execution.state_errors import MAX_BYTES, Fault, too_large
from lamplighter.asl.execution.step import Ended, Path, Run
from lamplighter.asl.execution.transitions import complete, fail_execution, fits, kind, recover, stumble
from lamplighter.base.json_text import Json, dumps, loads

INLINE_LIMIT = 40
"""How many items an inline Map works on at once: "up to 40 concurrent iterations"."""


STARTED_AT_ONCE = 250
"""How many branches are started in one crossing."""
STARTED_BYTES = 2_097_152
"""Of how many bytes their inputs are together."""


def begin_parallel(run: Run, path: Path, state: Parallel) -> None:
    """Start every branch."""
    given = state.arguments(run.scope(path))
    document = given, path.text if given is path.input else dumps(given)
    path.previous = run.note(path.previous, "ParallelStateStarted")
    total = len(state.branches)
    path.phase, path.fan = Phase.FANNED, Fan(total, 0, 0, total)
    _start_branches(run, path, state, document)


def go_on_starting(run: Run, path: Path, state: Parallel) -> None:
    """Start further branches of one that has begun."""
    _start_branches(run, path, state, (path.input, path.text))


def _start_branches(run: Run, path: Path, state: Parallel, document: tuple[Json, str]) -> None:
    """Start the next branches, and those after them when these have gone as far as they can.

    What was made of the input is not made again, and not kept: then all branches are started at once.
    """
    assert path.fan is not None
    first, end = path.fan.started, path.fan.total
    if document[0] is path.input:
        end = min(end, first + max(1, min(STARTED_AT_ONCE, STARTED_BYTES // len(document[1]))))
    path.fan = replace(path.fan, started=end)
    if end < path.fan.total:
        path.phase = Phase.STARTING
        run.ready.append(path.id)
    else:
        path.phase = Phase.FANNED
    children = [
        run.spawn(path, index, run.definition.blocks[state.branches[index]], document, path.previous)
        for index in range(first, end)
    ]
    run.ready += [child.id for child in reversed(children)]


def begin_map(run: Run, path: Path, state: Map) -> None:
    """Start as many items as may run at once, or have a Map Run do it."""
    if state.distributed is not None:
        distributed_map.begin(run, path, state, state.distributed)
        return
    scope = run.scope(path)
    items = state.items(scope.at(state.arguments(scope)))
    wanted = state.concurrency(scope)
    limit = min(wanted or INLINE_LIMIT, INLINE_LIMIT)
    details = {"length": len(items)}
    path.previous = run.note(path.previous, "MapStateStarted", "mapStateStartedEventDetails", details)
    path.phase, path.fan, path.items = Phase.FANNED, Fan(len(items), 0, 0, limit), items
    if not items:
        path.phase = Phase.GATHERED
        run.ready.append(path.id)
        return
    children = [_next_item(run, path, state, path.previous) for _ in range(min(limit, len(items)))]
    run.ready += [child.id for child in reversed(children)]


def _next_item(run: Run, path: Path, state: Map, previous: int) -> Path:
    assert path.fan is not None
    assert path.items is not None
    index = path.fan.started
    item = path.items[index]
    if state.selector is not None:
        scope = run.scope(path, item=(index, item))
        item = state.selector(scope if state.jsonata else scope.at(state.arguments(scope)))
    path.fan = replace(path.fan, started=index + 1)
    details = {"name": state.name, "index": index}
    started = run.note(previous, "MapIterationStarted", "mapIterationStartedEventDetails", details)
    return run.spawn(path, index, run.definition.blocks[state.processor], (item, dumps(item)), started)


def settle(run: Run, end: Ended) -> None:
    """A path is at the end of its block: tell its parent, or end the execution."""
    if end.path.parent == 0:
        _settle_execution(run, end)
        return
    parent = run.path(end.path.parent)
    state = run.state(parent)
    assert isinstance(state, (Parallel, Map))
    try:
        if end.failed:
            _child_failed(run, parent, state, end)
        else:
            _child_done(run, parent, state, end)
    except Fault as fault:
        _call_off(run, parent)
        stumble(run, parent, state, fault)


def _settle_execution(run: Run, end: Ended) -> None:
    if end.failed:
        fail_execution(run, end.path.previous, end.error, end.cause)
        return
    run.last_word(
        end.path.previous, "ExecutionSucceeded", "executionSucceededEventDetails", history.succeeded(end.output)
    )
    run.end("SUCCEEDED", output=end.output)


def _child_done(run: Run, parent: Path, state: Working, end: Ended) -> None:
    child = end.path
    assert parent.fan is not None
    run.keep_result(parent, child.index, end.output)
    last = child.previous
    if isinstance(state, Map):
        details = {"name": state.name, "index": child.index}
        last = run.note(child.previous, "MapIterationSucceeded", "mapIterationSucceededEventDetails", details)
    run.drop(child)
    parent.fan = replace(parent.fan, done=parent.fan.done + 1)
    if isinstance(state, Map) and parent.fan.started < parent.fan.total:
        run.ready.append(_next_item(run, parent, state, child.previous).id)
    elif parent.fan.done == parent.fan.total:
        parent.phase, parent.previous = Phase.GATHERED, last
        run.ready.append(parent.id)


def gather(run: Run, path: Path, state: Working) -> None:
    """All children are done: their outputs, in order, are the result."""
    assert path.fan is not None
    outputs = run.results.pop(path.id, {})
    if sum(map(len, outputs.values())) > MAX_BYTES:  # before they are put together: they may be 300 MB
        raise too_large(state.name)
    text = fits(state, f"[{','.join(outputs[index] for index in range(path.fan.total))}]")
    run.note(path.previous, f"{kind(state)}StateSucceeded")
    complete(run, path, state, loads(text), text)


def _child_failed(run: Run, parent: Path, state: Working, end: Ended) -> None:
    """One child failed: "the entire … state is considered to have failed and all its branches are stopped"."""
    child = end.path
    if isinstance(state, Map):
        details = {"name": state.name, "index": child.index}
        run.note(child.previous, "MapIterationFailed", "mapIterationFailedEventDetails", details)
    parent.previous = child.previous
    run.drop(child)
    _call_off(run, parent)
    recover(run, parent, state, end.error, end.cause)


def _call_off(run: Run, parent: Path) -> None:
    """Stop all that a Parallel or Map still has under way."""
    for path in list(run.below(parent.id)):
        state = run.state(path)
        waits = path.phase in (Phase.WORKING, Phase.WAITING, Phase.RETRYING, Phase.FANNED, Phase.STARTING)
        run.cancel(path)
        if waits and path.entered:
            run.note(path.previous, f"{kind(state)}StateAborted")
        if path.parent == parent.id and run.is_map(parent):
            details = {"name": parent.state, "index": path.index}
            run.note(path.previous, "MapIterationAborted", "mapIterationAbortedEventDetails", details)
        run.drop(path)
        run.results.pop(path.id, None)
    run.results.pop(parent.id, None)
    run.ready = [key for key in run.ready if key in run.frames and key != parent.id]
    run.ended = [end for end in run.ended if end.path.id in run.frames]
