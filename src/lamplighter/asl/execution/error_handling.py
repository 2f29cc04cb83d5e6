"""Handle the error of a state: by Retry, by Catch, or by ending the block.

`definition/retrier.py` computes the wait before a retry.

See https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html.
"""

from collections.abc import Mapping, Sequence

from lamplighter.asl.definition.expression_scope import Scope
from lamplighter.asl.definition.model import Catcher, RetryableState, State
from lamplighter.asl.definition.retrier import Retrier
from lamplighter.asl.execution import history, state_errors
from lamplighter.asl.execution.frame import Phase
from lamplighter.asl.execution.state_errors import StateError, matches_error
from lamplighter.asl.execution.step import BlockEnd, MutableFrame, StepBuilder
from lamplighter.asl.execution.transitions import leave_state, state_type
from lamplighter.base.json_text import Json


def cause_in_state(path: MutableFrame, state: State, fault: StateError) -> str | None:
    """Return the cause of a fault; if `located` is set, it begins with the name of the state and its event id."""
    if not fault.located or not path.entered:  # TestState runs a state that no event has entered
        return fault.cause
    place = f"An error occurred while executing the state '{state.name}' (entered at the event id #{path.entered})."
    return f"{place} {fault.cause}"


def _record_evaluation_failure(run: StepBuilder, path: MutableFrame, state: State, fault: StateError) -> str | None:
    """Add the event EvaluationFailed if a field's evaluation failed; return the cause as the history reports it."""
    cause = cause_in_state(path, state, fault)
    if fault.field is not None:
        field = {"location": fault.field} if fault.field else {}
        details = history.failure_details(fault.error, cause) | field | {"state": state.name}
        before = path.event_before_entry if path.previous == path.entered else path.previous
        path.previous = run.add_event(before, "EvaluationFailed", details)
    return cause


def fail_state(run: StepBuilder, path: MutableFrame, state: State, fault: StateError) -> None:
    """Fail a state: cancel what it waits for and handle the error."""
    cause = _record_evaluation_failure(run, path, state, fault)
    run.cancel_wait(path)
    handle_error(run, path, state, fault.error, cause)


def handle_error(
    run: StepBuilder,
    path: MutableFrame,
    state: State,
    error: str | None,
    cause: str | None,
    handled_as: str | None = None,
) -> None:
    """Retry the state, continue as its Catch says, or end the block with the error.

    `handled_as` is the error's name for Retry and Catch, if the history reports it by another name.
    """
    run.save_for_redrive()
    run.last_error = error, cause
    handled_as = handled_as or error
    if error == state_errors.RUNTIME:
        # "States.Runtime errors … will always cause the execution to fail."
        fail_execution(run, path.previous, error, cause)
        return
    if isinstance(state, RetryableState):
        if _retry(run, path, state, handled_as):
            return
        if state_type(state) in ("Parallel", "Map"):
            path.previous = run.add_event(path.previous, f"{state_type(state)}StateFailed")
        position = find_handler(state.catchers, handled_as)
        if position is not None:
            _catch(run, path, state, state.catchers[position], error, cause)
            return
    run.ended.append(BlockEnd(path, failed=True, error=error, cause=cause))


def _retry(run: StepBuilder, path: MutableFrame, state: RetryableState, error: str | None) -> bool:
    """Set the timer of the next attempt and return True; return False if no retrier for the error has attempts left."""
    position = find_handler(state.retriers, error)
    if position is None:
        return False
    retrier = state.retriers[position]
    used = path.retries or (0,) * len(state.retriers)
    if used[position] >= retrier.attempts:
        return False
    delay = retrier.delay(used[position], run.world.random())
    path.retries = (*used[:position], used[position] + 1, *used[position + 1 :])
    path.phase, path.submitted, path.token, path.fan, path.items = Phase.RETRYING, False, None, None, None
    path.map_run, path.map_redrives = None, 0
    path.number = run.set_timer(path, delay)
    run.discard_redrive()
    return True


def _catch(
    run: StepBuilder, path: MutableFrame, state: RetryableState, catcher: Catcher, error: str | None, cause: str | None
) -> None:
    try:
        output, assigned = apply_catcher(catcher, state, run.scope(path), error, cause)
        leave_state(run, path, state, output, catcher.next, assigned)
        run.discard_redrive()
    except StateError as fault:
        new_cause = _record_evaluation_failure(run, path, state, fault)
        if fault.error == state_errors.RUNTIME:
            fail_execution(run, path.previous, fault.error, new_cause)
        else:
            run.ended.append(BlockEnd(path, failed=True, error=fault.error, cause=new_cause))


def find_handler(handlers: Sequence[Retrier | Catcher], error: str | None) -> int | None:
    """Return the index of the first retrier or catcher that matches an error, or None."""
    return next((at for at, each in enumerate(handlers) if matches_error(each.errors, error)), None)


def apply_catcher(
    catcher: Catcher, state: State, scope: Scope, error: str | None, cause: str | None
) -> tuple[Json, Mapping[str, Json] | None]:
    """Return the output and the variables that a catcher makes from an error."""
    error_output: dict[str, Json] = {"Error": error, "Cause": cause}
    if error is not None and cause is None:
        del error_output["Cause"]  # for an error without a name, AWS reports both as null
    catcher_scope = scope.with_error(error_output) if state.jsonata else scope.at(error_output)
    assigned = catcher.assign(catcher_scope) if catcher.assign is not None else None
    return catcher.output(scope, error_output), assigned


def fail_execution(run: StepBuilder, previous: int, error: str | None, cause: str | None) -> None:
    """End the execution with an error."""
    run.add_terminal_event(previous, "ExecutionFailed", history.failure_details(error, cause))
    run.end_execution("FAILED", error=error, cause=cause)
