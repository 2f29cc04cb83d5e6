"""Find parts of a definition that are valid but probably not intended.

See https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html.
"""

import re
from collections.abc import Iterable, Iterator

from lamplighter.asl.definition.diagnostics import Diagnostic
from lamplighter.asl.definition.state_tree import StatePlace
from lamplighter.base.json_text import Json

PATH = re.compile(r"\$(\$?[.\[]|\$?$|[A-Za-z_]\w*([.\[]|$))")
"""A pattern for a value that looks like a path: `$`, `$.a`, `$$.Execution`, `$name`, `$name.a`."""
INTRINSIC = re.compile(r"States\.\w+\(")
TEMPLATE_FIELDS = ("Parameters", "ResultSelector", "ItemSelector", "Assign", "Credentials")
"""Fields whose parts are dynamic if their names end in `.$`."""
LITERAL_FIELDS = ("Variable", "Comment", "Result", "Resource", "Next", "Default", "StartAt")
"""Fields that accept a path although their names do not end in `Path`, and fields in which a path is not intended."""


def definition_warnings(found: Iterable[StatePlace]) -> Iterator[Diagnostic]:
    """Yield all warnings about the states that use JSONPath."""
    for place in found:
        if not place.jsonata:
            yield from _state_warnings(place)


def _state_warnings(place: StatePlace) -> Iterator[Diagnostic]:
    for field, value in place.own_fields.items():
        at = f"{place.location}/{field}"
        if field in TEMPLATE_FIELDS:
            yield from _template_warnings(value, at)
        elif field == "Result" and place.state["Type"] == "Pass":
            yield from _result_warnings(value, at)
        else:
            yield from _field_warnings({field: value}, place.location)


def _template_warnings(value: Json, at: str) -> Iterator[Diagnostic]:
    for name, inner in _members(value):
        here = f"{at}{name}"
        if isinstance(inner, str):
            if not name.endswith(".$") and (PATH.match(inner) or INTRINSIC.match(inner)):
                message = "No .$ on a field that appears to be a JSONPath or Intrinsic Function"
                yield Diagnostic("NO_DOLLAR", message, here, "WARNING")
        else:
            yield from _template_warnings(inner, here)


def _result_warnings(value: Json, at: str) -> Iterator[Diagnostic]:
    for name, inner in _members(value):
        if isinstance(inner, str) and (name.endswith(".$") or PATH.match(inner)):
            message = "Attempt to use a path in the result of a pass state"
            yield Diagnostic("PASS_RESULT_IS_STATIC", message, f"{at}{name}", "WARNING")
        else:
            yield from _result_warnings(inner, f"{at}{name}")


def _field_warnings(value: Json, at: str) -> Iterator[Diagnostic]:
    for name, inner in _members(value):
        field = name.lstrip("/")
        if field in TEMPLATE_FIELDS:
            yield from _template_warnings(inner, f"{at}{name}")
        elif not isinstance(inner, str):
            yield from _field_warnings(inner, f"{at}{name}")
        elif PATH.match(inner) and field not in LITERAL_FIELDS and not field.endswith(("Path", ".$")):
            message = "Field value looks like a path, but field name does not end with 'Path'"
            yield Diagnostic("NO_PATH", message, f"{at}{name}", "WARNING")


def _members(value: Json) -> Iterator[tuple[str, Json]]:
    """Yield the parts of a value, each with the suffix of its location."""
    if isinstance(value, dict):
        yield from ((f"/{name}", inner) for name, inner in value.items())
    elif isinstance(value, list):
        yield from ((f"[{index}]", inner) for index, inner in enumerate(value))
