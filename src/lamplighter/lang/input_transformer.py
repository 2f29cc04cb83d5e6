"""Make the input of a target from an event: the whole event, a part, a constant, or a text from a template.

See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html.
"""

import re
from collections.abc import Mapping, Sequence

from lamplighter.base.errors import ServiceError
from lamplighter.base.json_text import Json, JsonError, dumps, loads, loads_or
from lamplighter.lang.jsonpath.paths import compile_path

TOKEN = re.compile(r'\\.|"|<[^<>]+>', re.DOTALL)
INVALID = object()
MAX_INPUT_CHARACTERS = 1_048_576
"""The most characters of a target's input; no event is larger."""
RESERVED_VARIABLES = (
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
)


class InvalidInput(ServiceError, code="INVALID_JSON"):
    """The error that the event cannot be turned into the input that the target requires."""


class InputTooLarge(InvalidInput):
    """The error that a filled-in template is larger than any target accepts."""

    code = "INVALID_PARAMETER"

    def __init__(self) -> None:
        super().__init__(f"The input is larger than {MAX_INPUT_CHARACTERS} bytes.")


def is_constant(target: Json) -> bool:
    """Return whether the target defines its input, instead of receiving the event."""
    return "Input" in target or "InputTransformer" in target


def transform(target: Json, event: Json, text: str, rule: tuple[str, str], received: str) -> str:
    """Return a target's input for an event.

    `rule` is the ARN and the name of the matching rule, and `received` the time at which the event came.
    """
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        found = select_path(target["InputPath"], event)
        return dumps(found[0] if found else None)
    if "InputTransformer" in target:
        transformer = target["InputTransformer"]
        values = {name: select_path(path, event) for name, path in transformer.get("InputPathsMap", {}).items()}
        head = {name: value for name, value in event.items() if name != "detail"}
        reserved = (*rule, received, head, event)
        values |= {name: [value] for name, value in zip(RESERVED_VARIABLES, reserved, strict=True)}
        return _check_filled(fill_template(transformer["InputTemplate"], values))
    return text


def _check_filled(text: str) -> str:
    """Return the text of a filled-in template: one JSON value, or one in each line. Raises `InvalidInput`."""
    if loads_or(text, INVALID) is INVALID and any(loads_or(line, INVALID) is INVALID for line in text.split("\n")):
        raise InvalidInput("The input that the InputTransformer made is not JSON.")
    return text


def variables(template: str) -> list[str]:
    """Return the variables of a template."""
    return [found[1:-1] for found in TOKEN.findall(template) if found.startswith("<")]


def fill_template(template: str, values: Mapping[str, Sequence[Json]]) -> str:
    """Fill in the variables of a template: as JSON, or inside quotation marks as text without quotation marks.

    A variable for which the event has no value becomes an empty text: it "isn't created and won't appear in the
    output". Raises `InputTooLarge` if the result is larger than any target accepts.
    """
    quoted, remaining = False, MAX_INPUT_CHARACTERS

    def replacement(match: re.Match[str]) -> str:
        nonlocal quoted, remaining
        found = match[0]
        if found == '"':
            quoted = not quoted
        if not found.startswith("<") or found[1:-1] not in values:
            return found
        matches = values[found[1:-1]]
        value = matches[0] if matches else ""
        text = dumps(value)
        if quoted:
            text = text[1:-1] if isinstance(value, str) else text.replace('"', "")
        remaining -= len(text)
        if remaining < 0:
            raise InputTooLarge
        return text

    return TOKEN.sub(replacement, template)


def fill_with_samples(template: str) -> str:
    """Fill in a template with sample values, to check whether the result is JSON."""
    return fill_template(template, dict.fromkeys(variables(template), "x"))


def select_path(text: str, event: Json) -> list[Json]:
    """Return the value at a path of an event as a list, which is empty if there is none."""
    path = compile_path(text)
    found = path.select(event)
    return found[:1] if path.definite else [found] if found else []


def read_document(text: str) -> Json:
    """Parse the document that a target requires, a JSON object. Raises `InvalidInput`."""
    try:
        document = loads(text)
    except JsonError as error:
        raise InvalidInput(f"The input is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise InvalidInput("The input is not a JSON object.")
    return document
