"""Read the input of an execution from a request."""

from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.services.states.errors import InvalidExecutionInput
from lamplighter.services.states.json_errors import json_error_message


def read_input(params: Json) -> tuple[Json, str]:
    """Return a request's input as a value and as text. Raises `InvalidExecutionInput`."""
    text = params.get("input", "{}")
    try:
        return loads(text), text
    except JsonError:
        raise InvalidExecutionInput(json_error_message(text)) from None
