"""Read TestState's options (mock, context object, configuration) and check them against the state and each other.

See https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lamplighter.asl.definition.model import Map, Parallel, RetryableState, State, Task
from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.asl.execution.transitions import state_type
from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.services.states.errors import Invalid, MockRequired

INVALID_CONTEXT = "Invalid Context object provided: {}"
TASK_NOT_ALLOWED = (
    "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service "
    "integration pattern"
)


@dataclass(frozen=True, slots=True)
class MockedResult:
    """A result or an error that replaces the work of a state."""

    result: Json
    text: str | None
    """The result's original text; None if the mock is an error."""
    error: str | None
    cause: str | None
    mode: str
    """STRICT, PRESENT or NONE: how strictly the result is checked against the API's schema."""


def read_mock(params: Json, state: State, source: Mapping[str, Json]) -> MockedResult | None:
    """Return the request's mock, or None if there is none. Raises `Invalid` if the state forbids or requires a mock."""
    given = params.get("mock")
    if given is None:
        _check_unmocked(params, state)
        return None
    if params.get("revealSecrets"):
        raise Invalid("TestState does not support RevealSecrets when a mock is specified.")
    if ("result" in given) == ("errorOutput" in given):
        raise Invalid("A test mock should have only one of the following fields: [result, errorOutput].")
    if not isinstance(state, RetryableState):
        raise Invalid(f"State type '{state_type(state)}' is not supported when a mock is specified")
    mode = given.get("fieldValidationMode", "STRICT")
    if "errorOutput" in given:
        error = given["errorOutput"]
        return MockedResult(None, None, error.get("error"), error.get("cause"), mode)
    try:
        result = loads(given["result"])
    except JsonError:
        raise Invalid("Mocked result must be valid JSON") from None
    _check_result_form(state, source, result)
    return MockedResult(result, given["result"], None, None, mode)


def _check_unmocked(params: Json, state: State) -> None:
    # "TestState only supports the following when a mock is specified: Activity tasks, .sync or .waitForTaskToken
    # service integration patterns, Parallel, or Map states."
    if isinstance(state, (Map, Parallel)):
        raise MockRequired
    if isinstance(state, Task) and state.resource.kind == "activity":
        raise Invalid("Activity tasks are not supported when a mock is not specified")
    if isinstance(state, Task) and state.resource.pattern:
        pattern = state.resource.pattern
        raise Invalid(f"The '.{pattern}' service integration pattern is not supported when a mock is not specified")
    if "context" in params:
        raise Invalid("A Context object is not supported when a mock is not specified")


def _check_result_form(state: State, source: Mapping[str, Json], result: Json) -> None:
    if isinstance(state, Map) and "Resource" in source.get("ResultWriter", {}):
        if not isinstance(result, dict):
            raise Invalid("Mocked result must be a JSON object.")
    elif isinstance(state, (Map, Parallel)) and not isinstance(result, list):
        raise Invalid("Mocked result must be an array.")
    if isinstance(state, Parallel) and len(result) != len(state.branches):
        raise Invalid("Mocked result must contain the same number of items as number of Parallel branches.")


def read_context(params: Json, state: State) -> Json | None:
    """Return the request's context object, or None if there is none. Raises `Invalid` if it does not fit the state."""
    if "context" not in params:
        return None
    context = read_object(params, "context", INVALID_CONTEXT)
    takes_token = isinstance(state, Task) and bool(state.resource.pattern)
    if "Task" in context and not takes_token:
        raise Invalid(INVALID_CONTEXT.format(TASK_NOT_ALLOWED))
    return context


def read_object(params: Json, name: str, error_template: str) -> Mapping[str, Json]:
    """Parse a parameter that is the text of a JSON object; return an empty object if the parameter is missing."""
    try:
        found = loads(params.get(name, "{}"))
    except JsonError as error:
        raise Invalid(error_template.format(error)) from None
    if not isinstance(found, dict):
        raise Invalid(error_template.format(f"it must be a JSON object, but was: {dumps(found)}"))
    return found


def check_configuration(configuration: Json, state: State, source: Mapping[str, Json]) -> None:
    """Reject a configuration that belongs to another type of state."""
    origin = configuration.get("errorCausedByState")
    if origin is not None and origin not in _inner_state_names(source):
        raise Invalid(f"The state '{origin}' that the error is caused by is not found in the state under test")
    for name in ("mapIterationFailureCount", "mapItemReaderData"):
        if name in configuration and not isinstance(state, Map):
            raise Invalid(f"'{name}' is not supported for state type '{state_type(state)}'")


def _inner_state_names(source: Mapping[str, Json]) -> set[str]:
    """Return the names of all states inside a state."""
    _itself, *inner = walk_states({"States": {"": source}})
    return {name for name, _ in inner}
