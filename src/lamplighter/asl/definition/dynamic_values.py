"""Compile fields that hold a number, an instant or a list, as a literal, a path or an expression.

These are Seconds, Timestamp, TimeoutSeconds, HeartbeatSeconds, MaxConcurrency, the tolerated failures, the limits of
batches, MaxItems, ItemsPath and Items.
"""

from collections.abc import Callable, Mapping

from lamplighter.asl.definition.choice_rules import parse_timestamp
from lamplighter.asl.definition.data_flow import (
    compile_expression_field,
    compile_filter_path,
    compile_payload,
    constant,
    expression_text,
    identity,
    is_expression,
    query_error,
)
from lamplighter.asl.definition.expression_scope import Scope
from lamplighter.asl.definition.model import Template
from lamplighter.asl.definition.retrier import MAX_SECONDS
from lamplighter.asl.execution.state_errors import runtime_error
from lamplighter.base.json_text import Json, dumps

WaitEnd = Callable[[Scope, int], tuple[int, bool]]


def compile_wait_end(source: Mapping[str, Json], *, jsonata: bool) -> WaitEnd:
    """Compile the end of a Wait to a function of the scope and the present time.

    The function returns the end in milliseconds since the epoch. It also returns True if the state waits for a length
    of time, and False if it waits until an instant.
    """
    if "Timestamp" in source or "TimestampPath" in source:
        read = _instant(source, jsonata=jsonata)
        return lambda scope, _now: (read(scope), False)
    length = compile_seconds(source, "Seconds", jsonata=jsonata)
    assert length is not None
    return lambda scope, now: (now + length(scope) * 1000, True)


def _instant(source: Mapping[str, Json], *, jsonata: bool) -> Callable[[Scope], int]:
    if "TimestampPath" in source:
        where = source["TimestampPath"]
        read = compile_filter_path(where, "TimestampPath")
        return lambda scope: _milliseconds(read(scope), where)
    value = source["Timestamp"]
    if jsonata and is_expression(value):
        text = expression_text(value)
        evaluate = compile_expression_field(text, "Timestamp", (str,))
        return lambda scope: _evaluated_instant(evaluate(scope), text)
    fixed = parse_timestamp(value)
    assert fixed is not None
    at = round(fixed.timestamp() * 1000)
    return lambda _scope: at


def _milliseconds(value: Json, where: str) -> int:
    found = parse_timestamp(value)
    if found is None:
        text = value if isinstance(value, str) else dumps(value)
        raise runtime_error(
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: "
            f"{where} == {text}"
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


def compile_seconds(source: Mapping[str, Json], name: str, *, jsonata: bool, within: str = "") -> Template | None:
    """Compile a whole number, usually of seconds; return None if the state has no such field.

    `within` is the path of the object that contains the field.
    """
    return _number(source, name, _whole, _evaluated_whole, jsonata=jsonata, within=within)


def compile_percentage(source: Mapping[str, Json], *, jsonata: bool) -> Template | None:
    """Compile ToleratedFailurePercentage, from 0 to 100; return None if the state has no such field."""
    return _number(source, "ToleratedFailurePercentage", _share, _evaluated_share, jsonata=jsonata)


CheckNumber = Callable[[Json, str, str], float]
"""A function that checks a value and returns it as a number; it also takes the field and the path or expression."""


def _number(
    source: Mapping[str, Json],
    name: str,
    found: CheckNumber,
    evaluated: CheckNumber,
    *,
    jsonata: bool,
    within: str = "",
) -> Template | None:
    where = f"{name}Path"
    if where in source:
        path = source[where]
        read = compile_filter_path(path, f"{within}{where}")
        return lambda scope: found(read(scope), where, path)
    value = source.get(name)
    if value is None or not (jsonata and is_expression(value)):
        return None if value is None else constant(value)
    text = expression_text(value)
    field = f"{within}{name}"
    evaluate = compile_expression_field(text, field, (int, float))
    return lambda scope: evaluated(evaluate(scope), field, text)


def _whole(value: Json, field: str, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        text = value if isinstance(value, str) else dumps(value)
        raise runtime_error(f"The {field} parameter cannot be parsed as a long value: {path} == {text}")
    if value < 0:
        raise runtime_error(f"The {field} parameter references a negative value: {path} == {value}")
    return min(value, MAX_SECONDS)


def _evaluated_whole(value: Json, field: str, text: str) -> int:
    if value != int(value) or not 0 <= value <= MAX_SECONDS:
        raise query_error(
            f"The JSONata expression '{text}' specified for the field '{field}' returned an invalid value. "
            f"Expected an integer from 0 to {MAX_SECONDS}, but was: {dumps(value)}",
            field,
        )
    return int(value)


def _share(value: Json, field: str, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 100:
        text = value if isinstance(value, str) else dumps(value)
        raise runtime_error(f"The {field} parameter does not reference a number from 0 to 100: {path} == {text}")
    return value


def _evaluated_share(value: Json, field: str, text: str) -> float:
    if not 0 <= value <= 100:
        raise query_error(
            f"The JSONata expression '{text}' specified for the field '{field}' returned an invalid "
            f"value. Expected a number from 0 to 100, but was: {dumps(value)}",
            field,
        )
    return float(value)


def compile_concurrency(source: Mapping[str, Json], *, jsonata: bool) -> Template:
    """Compile the number of items that a Map works on concurrently; 0 leaves the number to the engine."""
    return compile_seconds(source, "MaxConcurrency", jsonata=jsonata) or constant(0)


def compile_items(source: Mapping[str, Json], *, jsonata: bool) -> Template:
    """Compile the items of a Map to a template that is evaluated on the effective input."""
    if jsonata:
        return _evaluated_items(source)
    path = source.get("ItemsPath", "$")
    read = compile_filter_path(path, "ItemsPath")

    def listed(scope: Scope) -> Json:
        found = read(scope)
        if not isinstance(found, list):
            # AWS, recorded: the error names a path into the context object without its second dollar sign.
            raise runtime_error(f'Reference path "{path.replace("$$", "$", 1)}" must point to array.')
        return found

    return listed


def _evaluated_items(source: Mapping[str, Json]) -> Template:
    if "Items" not in source:
        return lambda scope: _array(scope, identity(scope))
    value = source["Items"]
    if is_expression(value):
        return compile_expression_field(expression_text(value), "Items", (list,))
    literal = compile_payload(value, "Items", jsonata=True)
    return lambda scope: _array(scope, literal(scope))


def _array(_scope: Scope, value: Json) -> Json:
    if not isinstance(value, list):
        raise query_error(f"Map state input must be an array but was: {dumps(value)}", "")
    return value
