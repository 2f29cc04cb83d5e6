"""Advance an execution by one event; the result is one step.

Runs through Pass, Choice, Succeed, Fail and branches until every path waits for an event. So one event leads to one
step, however many states it crosses. Late, repeated and unknown events change nothing.
See https://states-language.net/spec.html.
"""

from collections.abc import Callable, Mapping
from typing import Any

from lamplighter.asl.definition.choice_rules import choose_next
from lamplighter.asl.definition.model import Choice, Definition, Fail, Map, Parallel, Pass, State, Succeed, Task, Wait
from lamplighter.asl.execution import distributed_map, history, parallel_and_map, task
from lamplighter.asl.execution.error_handling import fail_execution, fail_state
from lamplighter.asl.execution.frame import NO_VARIABLES, Execution, Frame, Phase
from lamplighter.asl.execution.messages import (
    Broken,
    Event,
    Heartbeat,
    MapRunEnded,
    Redriven,
    Resumed,
    SetTimer,
    Started,
    StopRequested,
    TaskFailed,
    TaskStarted,
    TaskSubmitted,
    TaskSucceeded,
    TimerFired,
)
from lamplighter.asl.execution.state_errors import RUNTIME, StateError, runtime_error
from lamplighter.asl.execution.step import (
    HistoryFull,
    MakeCall,
    MutableFrame,
    RefusalReason,
    Step,
    StepBuilder,
    call_after_commit,
    never_refuse,
    runnable_frames,
)
from lamplighter.asl.execution.transitions import assign_variables, enter_state, leave_state
from lamplighter.base.world import World

MAX_WAIT_SECONDS = 2**31 - 1
"""The longest wait; AWS, recorded: a Timestamp that is further away fails its state."""
MAX_CROSSINGS = 250
"""The most states that one step crosses before other turns can run."""
CROSSING_BYTES = 8_192
"""Bytes of history that count as one crossing, because states with large documents take longer."""
EVENT_BYTES = 200
"""The assumed size of an event without its documents."""


def advance(
    definition: Definition,
    execution: Execution,
    event: Event,
    world: World,
    crossings: int = MAX_CROSSINGS,
    refusal_reason: RefusalReason = never_refuse,
    make_call: MakeCall = call_after_commit,
) -> Step:
    """Process one event of an execution and return the step.

    `refusal_reason` returns why a task must not start; `make_call` makes the calls that belong to the step.
    """
    if execution.status != "RUNNING":
        return Step(execution)
    run = StepBuilder(definition, execution, world, refusal_reason, make_call)
    try:
        HANDLERS[type(event)](run, event)
        _run_ready_frames(run, crossings)
    except HistoryFull as full:
        fail_execution(run, run.last_event_id, RUNTIME, str(full))
    return run.build_step()


def _run_ready_frames(run: StepBuilder, crossings: int) -> None:
    while run.finish is None and (run.ended or run.answers or (run.ready and crossings > 0)):
        if run.ended:
            parallel_and_map.end_path(run, run.ended.pop())
            continue
        if not run.ready or crossings <= 0:
            answer = run.answers.popleft()
            HANDLERS[type(answer)](run, answer)
            continue
        path, written, event = run.open_frame(run.ready.pop()), run.history_characters, run.last_event_id
        _enter_and_run(run, path, run.state(path))
        crossings -= (
            1 + (run.history_characters - written + (run.last_event_id - event) * EVENT_BYTES) // CROSSING_BYTES
        )


def _enter_and_run(run: StepBuilder, path: MutableFrame, state: State) -> None:
    """Run one state to its end, or until it waits for an event."""
    try:
        if path.phase is Phase.CHILDREN_ENDED:
            parallel_and_map.gather_results(run, path, state)  # type: ignore[arg-type]
            return
        if path.phase is Phase.STARTING_CHILDREN:
            parallel_and_map.start_more_branches(run, path, state)  # type: ignore[arg-type]
            return
        if path.phase is Phase.READY:
            enter_state(run, path, state)
        STATES[type(state)](run, path, state)
    except StateError as fault:
        fail_state(run, path, state, fault)


def _pass(run: StepBuilder, path: MutableFrame, state: Pass) -> None:
    scope = run.scope(path)
    result = state.result(scope)
    assigned = assign_variables(state.assign, state, scope, result)
    leave_state(run, path, state, state.output(scope, result), state.next, assigned)


def _succeed(run: StepBuilder, path: MutableFrame, state: Succeed) -> None:
    leave_state(run, path, state, state.output(run.scope(path)), None)


def _fail(run: StepBuilder, path: MutableFrame, state: Fail) -> None:
    scope = run.scope(path)
    raise StateError(state.error(scope), state.cause(scope))


def _choice(run: StepBuilder, path: MutableFrame, state: Choice) -> None:
    scope = run.scope(path)
    effective_input = state.effective_input(scope)
    target, assign, output = choose_next(state, scope.at(effective_input))
    leave_state(run, path, state, output(scope), target, assign_variables(assign, state, scope, effective_input))


def _wait(run: StepBuilder, path: MutableFrame, state: Wait) -> None:
    scope = run.scope(path)
    due, elapsed = state.compute_end(scope.at(state.effective_input(scope)), run.now)
    if due - run.now > MAX_WAIT_SECONDS * 1000:
        raise runtime_error("Wait state delay is too long.")
    path.phase = Phase.WAITING
    path.number = run.set_timer(path, due - run.now if elapsed else due, elapsed=elapsed)


def complete_wait(run: StepBuilder, path: MutableFrame, state: Wait) -> None:
    """Leave a Wait state at the end of its wait."""
    scope = run.scope(path)
    output = state.output(scope)
    leave_state(run, path, state, output, state.next, assign_variables(state.assign, state, scope, output))


STATES: Mapping[type[State], Callable[[StepBuilder, MutableFrame, Any], None]] = {
    Pass: _pass,
    Succeed: _succeed,
    Fail: _fail,
    Choice: _choice,
    Wait: _wait,
    Task: task.schedule_task,
    Parallel: parallel_and_map.begin_parallel,
    Map: parallel_and_map.begin_map,
}


def _begin_execution(run: StepBuilder, _event: Started) -> None:
    execution = run.execution
    if execution.event:
        return
    details = history.execution_started(execution.text, execution.role)
    run.add_event(0, "ExecutionStarted", details)
    _set_execution_timeout(run)
    run.last_frame_id = 1
    block = run.definition.blocks[execution.block]
    run.add_frame(
        Frame(1, 0, 0, block.number, block.start, Phase.READY, execution.input, execution.text, NO_VARIABLES, 0)
    )
    run.ready.append(1)


def _set_execution_timeout(run: StepBuilder) -> None:
    """Set the timer for the definition's TimeoutSeconds, which ends the execution; a Map Run's child has none."""
    if run.definition.timeout is not None and not run.execution.child:
        run.timeout_timer = run.next_number()
        due = run.world.monotonic() + run.definition.timeout * 1000
        run.commands.append(SetTimer(0, run.timeout_timer, due, elapsed=True))


def _resumed(_run: StepBuilder, _event: Resumed) -> None:
    """Do nothing here: `advance` runs the ready frames after every event."""


def _work_handler(
    process: Callable[[StepBuilder, MutableFrame, Any, Any], None], kind: type[State] = Task
) -> Callable[[StepBuilder, Any], None]:
    """Return a handler for events about the work of a Task or Map.

    The handler ignores an event unless a path waits for exactly this work.
    """

    def handle(run: StepBuilder, event: Any) -> None:
        frame = run.mutable_frames.get(event.frame) or run.frames.get(event.frame)
        if frame is None or frame.phase is not Phase.WORKING or frame.number != event.number:
            return
        path = run.open_frame(event.frame)
        state = run.state(path)
        if not isinstance(state, kind):
            return
        try:
            process(run, path, state, event)
        except StateError as fault:
            fail_state(run, path, state, fault)

    return handle


def _handle_timer(run: StepBuilder, event: TimerFired) -> None:
    if not event.number:  # 0 is the number of a timer that is not set
        return
    if event.frame == 0:
        if event.number == run.timeout_timer:
            run.add_terminal_event(run.last_event_id, "ExecutionTimedOut", {"error": "States.Timeout"})
            run.end_execution("TIMED_OUT")
        return
    frame = run.frames.get(event.frame)
    if frame is None or event.number not in (frame.number, frame.timeout, frame.heartbeat):
        return
    path = run.open_frame(event.frame)
    state = run.state(path)
    try:
        _end_wait(run, path, state, event.number)
    except StateError as fault:
        fail_state(run, path, state, fault)


def _end_wait(run: StepBuilder, path: MutableFrame, state: State, number: int) -> None:
    if path.phase is Phase.WAITING and isinstance(state, Wait):
        complete_wait(run, path, state)
    elif path.phase is Phase.RETRYING:
        path.phase = Phase.RETRY_NOW
        run.ready.append(path.id)
    elif path.phase is Phase.WORKING and isinstance(state, Task) and number != path.number:
        task.task_timed_out(run, path, state, number)


def _stop(run: StepBuilder, event: StopRequested) -> None:
    details = history.failure_details(event.error, event.cause)
    run.add_terminal_event(0, "ExecutionAborted", details)  # AWS, recorded: it follows no event
    run.end_execution("ABORTED", error=event.error, cause=event.cause)


def _redrive_execution(run: StepBuilder, _event: Redriven) -> None:
    """Retry the state of every path that had not ended.

    "A redriven execution … continues the failed execution from the unsuccessful step and uses the same input."
    See https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html.
    """
    run.add_event(run.last_event_id, "ExecutionRedriven", {"redriveCount": run.execution.redrives})
    _set_execution_timeout(run)
    for key in sorted(run.frames, reverse=True):
        path = run.open_frame(key)
        if (
            path.phase in (Phase.STARTING_CHILDREN, Phase.WAITING_FOR_CHILDREN, Phase.CHILDREN_ENDED)
            or not path.entered
        ):
            continue
        if path.map_run is not None:
            distributed_map.redrive_map_run(run, path)
            continue
        path.phase, path.retries, path.number, path.submitted, path.token = Phase.RETRY_NOW, (), 0, False, None
        path.timeout = path.heartbeat = path.beat = 0
        path.items = None
    run.ready = runnable_frames({key: run.open_frame(key).freeze() for key in run.frames})


def _fail_broken_execution(run: StepBuilder, event: Broken) -> None:
    fail_execution(run, run.last_event_id, event.error, event.cause)


HANDLERS: Mapping[type[Event], Callable[[StepBuilder, Any], None]] = {
    Started: _begin_execution,
    Resumed: _resumed,
    TaskStarted: _work_handler(task.task_started),
    TaskSubmitted: _work_handler(task.task_submitted),
    TaskSucceeded: _work_handler(task.task_succeeded),
    TaskFailed: _work_handler(task.task_failed),
    Heartbeat: _work_handler(task.task_heartbeat),
    TimerFired: _handle_timer,
    StopRequested: _stop,
    Broken: _fail_broken_execution,
    MapRunEnded: _work_handler(distributed_map.end_map_run, Map),
    Redriven: _redrive_execution,
}
