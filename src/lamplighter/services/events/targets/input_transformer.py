"""What of an event a target gets: all of it, a part of it, a constant, or a text made after a template.

See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html.
"""

import re
from collections.abc import Mapping, Sequence

from lamplighter.base.errors import ServiceError
from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.lang.jsonpath.paths import compile_path
from lamplighter.services.events.arns import format_instant

VARIABLE = re.compile(r"<([^<>]+)>")
TOKEN = re.compile(r'\\.|"|<[^<>]+>', re.DOTALL)
LARGEST = 1_048_576
"""Characters of what a target gets: no event is larger."""
RESERVED = (
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
)
"""Variables that are always there."""


class InvalidInput(ServiceError, code="INVALID_JSON"):
    """The event can't be made into what the target takes."""


class TooLarge(InvalidInput):
    """A template that is filled with so much of an event that nobody takes it."""

    code = "INVALID_PARAMETER"

    def __init__(self) -> None:
        super().__init__(f"The input is larger than {LARGEST} bytes.")


def is_constant(target: Json) -> bool:
    """Whether a target gets something of its own, and not the event."""
    return "Input" in target or "InputTransformer" in target


def transform(target: Json, event: Json, text: str, rule: tuple[str, str], received: int) -> str:
    """What a target gets of an event; `rule` is the ARN and the name of the rule that wants it."""
    if "Input" in target:
        constant: str = target["Input"]
        return constant
    if "InputPath" in target:
        found = select_path(target["InputPath"], event)
        return dumps(found[0] if found else None)
    if "InputTransformer" in target:
        transformer = target["InputTransformer"]
        values = {name: select_path(path, event) for name, path in transformer.get("InputPathsMap", {}).items()}
        reserved = (
            *rule,
            format_instant(received),
            {name: value for name, value in event.items() if name != "detail"},
            event,
        )
        values |= {name: [value] for name, value in zip(RESERVED, reserved, strict=True)}
        return fill_template(transformer["InputTemplate"], values)
    return text


def variables(template: str) -> list[str]:
    """The variables of a template."""
    return VARIABLE.findall(template)


def fill_template(template: str, values: Mapping[str, Sequence[Json]]) -> str:
    """A template with its variables filled in: as JSON, or inside of quotation marks as text without any.

    A variable of which the event has nothing is empty text: it "isn't created and won't appear in the output".
    Raises TooLarge where the result is larger than any target takes.
    """
    quoted, left = False, LARGEST

    def value(match: re.Match[str]) -> str:
        nonlocal quoted, left
        found = match[0]
        if found == '"':
            quoted = not quoted
        if not found.startswith("<") or found[1:-1] not in values:
            return found
        matches = values[found[1:-1]]
        filling = matches[0] if matches else ""
        text = _inside(filling) if quoted else dumps(filling)
        left -= len(text)
        if left < 0:
            raise TooLarge
        return text

    return TOKEN.sub(value, template)


def fill_with_samples(template: str) -> str:
    """A template filled in with something, to see whether it comes to JSON."""
    return fill_template(template, dict.fromkeys(variables(template), "x"))


def _inside(value: Json) -> str:
    if isinstance(value, str):
        return dumps(value)[1:-1]
    return dumps(value).replace('"', "")


def select_path(text: str, event: Json) -> list[Json]:
    """What is at a path of an event: one value or none."""
    path = compile_path(text)
    found = path.select(event)
    return found[:1] if path.definite else [found] if found else []


def read_document(text: str) -> Json:
    """The document that a target takes: a JSON object."""
    try:
        document = loads(text)
    except JsonError as error:
        raise InvalidInput(f"The input is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise InvalidInput("The input is no JSON object.")
    return document
