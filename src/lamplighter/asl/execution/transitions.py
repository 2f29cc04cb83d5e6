"""Enter and leave states."""

from collections.abc import Mapping

from lamplighter.asl.definition.expression_scope import Scope
from lamplighter.asl.definition.model import RetryableState, State, Template
from lamplighter.asl.execution import history, state_errors
from lamplighter.asl.execution.frame import Phase
from lamplighter.asl.execution.state_errors import MAX_BYTES, result_too_large
from lamplighter.asl.execution.step import BlockEnd, MutableFrame, StepBuilder
from lamplighter.base.json_text import Json, TooDeep, dumps


def enter_state(run: StepBuilder, path: MutableFrame, state: State) -> None:
    """Enter a state: add the event and reset the retries."""
    path.event_before_entry = path.previous
    run.history_characters += len(path.text)
    details = history.state_entered(state.name, path.text)
    path.entered = path.previous = run.add_event(path.previous, f"{state_type(state)}StateEntered", details)
    path.entered_at = run.now
    path.retries = ()


def state_type(state: State) -> str:
    """Return the state's type."""
    return type(state).__name__


def leave_state(
    run: StepBuilder,
    path: MutableFrame,
    state: State,
    output: Json,
    target: str | None,
    assigned: Mapping[str, Json] | None = None,
    output_text: str | None = None,
) -> None:
    """Leave a state with its output, to the next state or to the end of the block.

    `output_text` is the output as text, if the caller has it.
    """
    text = (
        path.text if output is path.input else output_text if output_text is not None else checked_text(state, output)
    )
    run.history_characters += len(text)
    names = None
    if assigned is not None:
        names = {name: dumps(value) for name, value in assigned.items()}
        run.history_characters += sum(map(len, names.values()))
    details = history.state_exited(state.name, text, names)
    path.previous = run.add_event(path.previous, f"{state_type(state)}StateExited", details)
    if assigned:
        path.variables = {**path.variables, **assigned}
    if target is None:
        run.ended.append(BlockEnd(path, text, output))
        return
    path.state, path.phase, path.input, path.text = target, Phase.READY, output, text
    path.number, path.submitted, path.token, path.fan, path.items, path.entered = 0, False, None, None, None, 0
    path.map_run, path.map_redrives = None, 0
    run.ready.append(path.id)


def checked_text(state: State, value: Json) -> str:
    """Return a document as JSON text; raises StateError if it is too large or nested too deeply."""
    try:
        return check_size(state, dumps(value))
    except TooDeep:
        raise state_errors.runtime_error("The document is nested too deeply.") from None


def check_size(state: State, text: str) -> str:
    """Return the text; raises StateError if it is too large for an input or output."""
    if len(text) > MAX_BYTES or (len(text) > MAX_BYTES // 4 and len(text.encode()) > MAX_BYTES):
        raise result_too_large(state.name)
    return text


def assign_variables(template: Template | None, state: State, scope: Scope, result: Json) -> Mapping[str, Json] | None:
    """Return the variables that a state assigns, or None; in JSONPath `$` is the state's result."""
    if template is None:
        return None
    values: Mapping[str, Json] = template(scope.with_result(result) if state.jsonata else scope.at(result))
    return values


def complete_state(run: StepBuilder, path: MutableFrame, state: RetryableState, result: Json, text: str) -> None:
    """Make the output from the result of the work and leave the state; `text` is the result as JSON."""
    scope = run.scope(path)
    assigned = assign_variables(state.assign, state, scope, result)
    output = state.output(scope, result)
    leave_state(run, path, state, output, state.next, assigned, output_text=text if output is result else None)
