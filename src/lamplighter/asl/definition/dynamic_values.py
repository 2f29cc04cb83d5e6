"""Compile fields that hold a number, an instant or a list, as a literal, a path or an expression.

These are Seconds, Timestamp, TimeoutSeconds, HeartbeatSeconds, MaxConcurrency, the tolerated failures, the limits of
batches, MaxItems, ItemsPath and Items.
"""

import re
from collections.abc import Callable, Mapping

from lamplighter.asl.definition.choice_rules import parse_timestamp
from lamplighter.asl.definition.data_flow import (
    NOT_FOUND,
    compile_document_path,
    compile_expression_field,
    compile_payload,
    constant,
    expression_text,
    is_expression,
    query_error,
)
from lamplighter.asl.definition.expression_scope import Scope
from lamplighter.asl.definition.model import Template
from lamplighter.asl.definition.retrier import MAX_SECONDS
from lamplighter.asl.execution.state_errors import StateError, runtime_error
from lamplighter.base.errors import require
from lamplighter.base.json_text import Json, dumps

_WHOLE_NUMBER = re.compile(r"-?\d{1,18}")
_NUMBER = re.compile(r"-?\d{1,18}(\.\d+)?")
NO_INPUT_VALUE = "The {field} parameter does not reference an input value: {path}"
WaitEnd = Callable[[Scope, int], tuple[int, bool]]


def compile_wait_end(source: Mapping[str, Json], *, jsonata: bool) -> WaitEnd:
    """Compile the end of a Wait to a function of the scope and the present time.

    The function returns the end in milliseconds since the epoch. It also returns True if the state waits for a length
    of time, and False if it waits until an instant.
    """
    if "Timestamp" in source or "TimestampPath" in source:
        read = _compile_instant(source, jsonata=jsonata)
        return lambda scope, _now: (read(scope), False)
    length = compile_whole_number(source, "Seconds", jsonata=jsonata)
    assert length is not None
    return lambda scope, now: (now + length(scope) * 1000, True)


def _compile_instant(source: Mapping[str, Json], *, jsonata: bool) -> Callable[[Scope], int]:
    if "TimestampPath" in source:
        path = source["TimestampPath"]
        read = compile_document_path(path, "TimestampPath", NO_INPUT_VALUE)
        return lambda scope: _instant_at_path(read(scope), path)
    value = source["Timestamp"]
    if jsonata and is_expression(value):
        text = expression_text(value)
        evaluate = compile_expression_field(text, "Timestamp", (str,))
        return lambda scope: _evaluated_instant(evaluate(scope), text)
    fixed = parse_timestamp(value)
    assert fixed is not None
    instant = round(fixed.timestamp() * 1000)
    return lambda _scope: instant


def _instant_at_path(value: Json, path: str) -> int:
    found = parse_timestamp(value)
    if found is None:
        text = value if isinstance(value, str) else dumps(value)
        raise runtime_error(
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: "
            f"{path} == {text}"
        )
    return round(found.timestamp() * 1000)


def _evaluated_instant(value: str, text: str) -> int:
    found = parse_timestamp(value)
    if found is None:
        raise query_error(
            f"The JSONata expression '{text}' specified for the field 'Timestamp' returned a value that does not match "
            f"the RFC3339 timestamp format: {dumps(value)}",
            "Timestamp",
        )
    return round(found.timestamp() * 1000)


def compile_whole_number(source: Mapping[str, Json], name: str, *, jsonata: bool, within: str = "") -> Template | None:
    """Compile a whole number, usually of seconds; return None if the state has no such field.

    `within` is the path of the object that contains the field.
    """
    checks = _check_whole, _check_evaluated_whole
    return _compile_number(source, name, *checks, jsonata=jsonata, within=within, missing=NO_INPUT_VALUE)


def compile_map_limit(source: Mapping[str, Json], name: str, *, jsonata: bool) -> Template | None:
    """Compile MaxConcurrency or ToleratedFailureCount of a Map; return None if the state has no such field."""
    return _compile_number(source, name, _check_map_limit, _check_evaluated_whole, jsonata=jsonata)


def compile_percentage(source: Mapping[str, Json], *, jsonata: bool) -> Template | None:
    """Compile ToleratedFailurePercentage, from 0 to 100; return None if the state has no such field."""
    return _compile_number(
        source, "ToleratedFailurePercentage", _check_percentage, _check_evaluated_percentage, jsonata=jsonata
    )


CheckNumber = Callable[[Json, str, str], float]
"""A function that checks a value and returns it as a number; it also takes the field and the path or expression."""


def _compile_number(
    source: Mapping[str, Json],
    name: str,
    check_path_value: CheckNumber,
    check_expression_value: CheckNumber,
    *,
    jsonata: bool,
    within: str = "",
    missing: str = NOT_FOUND,
) -> Template | None:
    path_field = f"{name}Path"
    if path_field in source:
        path = source[path_field]
        read = compile_document_path(path, f"{within}{path_field}", missing)
        return lambda scope: check_path_value(read(scope), path_field, path)
    value = source.get(name)
    if value is None or not (jsonata and is_expression(value)):
        return None if value is None else constant(value)
    text = expression_text(value)
    field = f"{within}{name}"
    evaluate = compile_expression_field(text, field, (int, float))
    return lambda scope: check_expression_value(evaluate(scope), field, text)


def _check_whole(value: Json, field: str, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        text = value if isinstance(value, str) else dumps(value)
        raise runtime_error(f"The {field} parameter cannot be parsed as a long value: {path} == {text}")
    if value < 0:
        raise runtime_error(f"The {field} parameter references a negative value: {path} == {value}")
    return min(value, MAX_SECONDS)


def _check_evaluated_whole(value: Json, field: str, text: str) -> int:
    if value != int(value) or not 0 <= value <= MAX_SECONDS:
        raise query_error(
            f"The JSONata expression '{text}' specified for the field '{field}' returned an invalid value. "
            f"Expected an integer from 0 to {MAX_SECONDS}, but was: {dumps(value)}",
            field,
        )
    return int(value)


def _check_map_limit(value: Json, field: str, path: str) -> int:
    """AWS, recorded: a text with a number is accepted, too."""
    number = require(_read_number(value, _WHOLE_NUMBER), lambda: _not_a_number(value, field, path, "integer"))
    if number < 0:
        raise runtime_error(f"{field.removesuffix('Path')} cannot be negative.")
    return min(int(number), MAX_SECONDS)


def _check_percentage(value: Json, field: str, path: str) -> float:
    number = require(_read_number(value, _NUMBER), lambda: _not_a_number(value, field, path, "float"))
    if not 0 <= number <= 100:
        raise runtime_error(f"{field.removesuffix('Path')} must be between 0 and 100.")
    return number


def _read_number(value: Json, form: re.Pattern[str]) -> float | None:
    """Return the number that a value is, or that its text is; None if it has another form."""
    text = value if isinstance(value, str) else dumps(value)
    return float(text) if form.fullmatch(text) else None


def _not_a_number(value: Json, field: str, path: str, kind: str) -> StateError:
    text = value if isinstance(value, str) else dumps(value)
    return runtime_error(f'The {field} field refers to value "{text}" which is not a valid {kind}: {path}')


def _check_evaluated_percentage(value: Json, field: str, text: str) -> float:
    if not 0 <= value <= 100:
        raise query_error(
            f"The JSONata expression '{text}' specified for the field '{field}' returned an invalid "
            f"value. Expected a number from 0 to 100, but was: {dumps(value)}",
            field,
        )
    return float(value)


def compile_items(source: Mapping[str, Json], *, jsonata: bool) -> Template:
    """Compile the items of a Map to a template that is evaluated on the effective input."""
    if jsonata:
        return _evaluated_items(source)
    path = source.get("ItemsPath", "$")
    read = compile_document_path(path, "ItemsPath")

    def read_items(scope: Scope) -> Json:
        found = read(scope)
        if not isinstance(found, list):
            # AWS, recorded: the error names a path into the context object without its second dollar sign.
            raise runtime_error(f'Reference path "{path.replace("$$", "$", 1)}" must point to array.')
        return found

    return read_items


def _evaluated_items(source: Mapping[str, Json]) -> Template:
    if "Items" not in source:
        return lambda scope: _check_array(scope.input)
    value = source["Items"]
    if is_expression(value):
        return compile_expression_field(expression_text(value), "Items", (list,))
    literal = compile_payload(value, "Items", jsonata=True)
    return lambda scope: _check_array(literal(scope))


def _check_array(value: Json) -> Json:
    if not isinstance(value, list):
        raise query_error(f"Map state input must be an array but was: {dumps(value)}", "")
    return value
