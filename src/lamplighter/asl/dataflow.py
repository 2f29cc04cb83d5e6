"""How data flows through a state, compiled: for JSONPath and for JSONata.

JSONPath: InputPath, Parameters / the work / ResultSelector, ResultPath, OutputPath.
JSONata: Arguments / the work / Output. Assign stands beside both.
See https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html and
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html.

Promises that nothing is parsed at run time and that no document is ever changed in place: values are shared.
"""

from collections.abc import Callable

from lamplighter.asl.faults import INTRINSIC, QUERY, RESULT_PATH, Fault, runtime
from lamplighter.asl.model import Filters, Template
from lamplighter.asl.scope import Scope
from lamplighter.base.jsontext import Json, dumps
from lamplighter.lang.intrinsics import IntrinsicFailure, compile_intrinsic
from lamplighter.lang.jsonata import UNDEFINED, JsonataError, compile_expression
from lamplighter.lang.jsonpath import NotFound, PathError, ResultPathError, compile_path, compile_reference

TYPE_NAMES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}


def constant(value: Json) -> Template:
    """The same value, whatever there is to see."""
    return lambda _scope: value


def same(scope: Scope) -> Json:
    """The input as it came."""
    return scope.input


def is_expression(value: Json) -> bool:
    """Whether a string is a JSONata expression."""
    return isinstance(value, str) and value.startswith("{%") and value.rstrip().endswith("%}")


def expression_text(value: str) -> str:
    """What stands between the signs."""
    return value[2 : value.rindex("%}")].strip()


def path(text: str, field: str) -> Template:
    """The value at a path, or the fault that AWS reports for a payload field."""
    compiled = compile_path(text)

    def read(scope: Scope) -> Json:
        try:
            return compiled.value(scope)
        except NotFound:
            raise runtime(
                f"The JSONPath '{text}' specified for the field '{field}' could not be found "
                f"in the input '{dumps(scope.input)}'"
            ) from None

    return read


def filter_path(text: str | None) -> Template:
    """InputPath, OutputPath, ItemsPath: a path into the document; null gives an empty object."""
    if text is None:
        return constant({})
    if text == "$":
        return same
    compiled = compile_path(text)

    def read(scope: Scope) -> Json:
        try:
            return compiled.value(scope)
        except NotFound as error:
            raise runtime(f"Invalid path '{text}' : {error.reason}") from None

    return read


def intrinsic(text: str) -> Template:
    """The value of an intrinsic function."""
    compiled = compile_intrinsic(text)

    def call(scope: Scope) -> Json:
        try:
            return compiled.value(scope, scope.world)
        except IntrinsicFailure as error:
            raise Fault(INTRINSIC, str(error), located=True) from None
        except NotFound as error:
            raise runtime(str(error)) from None

    return call


def dynamic(text: str, field: str) -> Template:
    """The value of a field whose name ends in `.$`: a path or an intrinsic function."""
    return path(text, field) if text.startswith("$") else intrinsic(text)


def _path_template(value: Json) -> Template | None:
    """A payload template, or None where nothing in it is dynamic."""
    if isinstance(value, list):
        return _list(value, [_path_template(item) for item in value])
    if not isinstance(value, dict):
        return None
    keys: list[str] = []
    parts: list[Template | None] = []
    for key, inner in value.items():
        if key.endswith(".$"):
            if not isinstance(inner, str):
                raise PathError(f"The value for the field '{key}' must be a valid JSONPath or intrinsic function call")
            keys.append(key[:-2])
            parts.append(dynamic(inner, key))
        else:
            keys.append(key)
            parts.append(_path_template(inner))
    return _object(keys, list(value.values()), parts)


def bindings(scope: Scope) -> dict[str, Json]:
    """What an expression can name."""
    return {**scope.variables, "states": scope.states}


def expression(text: str, field: str, expected: tuple[type, ...] | None = None) -> Template:
    """The value of a JSONata expression; `expected` names the types that the field takes."""
    compiled = compile_expression(text)

    def evaluate(scope: Scope) -> Json:
        try:
            value = compiled.value(bindings(scope), scope.world)
        except JsonataError as error:
            raise query_fault(error.cause(text, field), field) from None
        if value is UNDEFINED:
            raise query_fault(
                f"The JSONata expression '{text}' specified for the field '{field}' returned nothing (undefined).",
                field,
            )
        if expected is not None and type(value) not in expected:
            raise query_fault(
                f"The JSONata expression '{text}' specified for the field '{field}' returned an unexpected result "
                f"type. Expected '{TYPE_NAMES[expected[0]]}', but was '{type_name(value)}' for value: {dumps(value)}",
                field,
            )
        return value

    return evaluate


def query_fault(cause: str, field: str) -> Fault:
    """States.QueryEvaluationError, which a state may retry or catch."""
    return Fault(QUERY, cause, located=True, field=field)


def type_name(value: Json) -> str:
    """How JSONata calls the type of a value."""
    return TYPE_NAMES.get(type(value), "null")


def _expression_template(value: Json, field: str) -> Template | None:
    """A payload with expressions in its strings, or None where it has none."""
    if is_expression(value):
        return expression(expression_text(value), field)
    if isinstance(value, list):
        return _list(value, [_expression_template(item, f"{field}[{index}]") for index, item in enumerate(value)])
    if isinstance(value, dict):
        parts = [_expression_template(inner, f"{field}/{key}") for key, inner in value.items()]
        return _object(list(value), list(value.values()), parts)
    return None


def _list(values: list[Json], parts: list[Template | None]) -> Template | None:
    if not any(parts):
        return None
    pairs = [part or constant(value) for value, part in zip(values, parts, strict=True)]
    return lambda scope: [part(scope) for part in pairs]


def _object(keys: list[str], values: list[Json], parts: list[Template | None]) -> Template | None:
    if not any(parts):
        return None
    pairs = [(key, part or constant(value)) for key, value, part in zip(keys, values, parts, strict=True)]
    return lambda scope: {key: part(scope) for key, part in pairs}


def payload(value: Json, field: str, *, jsonata: bool) -> Template:
    """A payload template (Parameters, ItemSelector, ResultSelector, Assign; Arguments, Output, Items)."""
    found = _expression_template(value, field) if jsonata else _path_template(value)
    return found or constant(value)


def scalar(value: Json, field: str, expected: tuple[type, ...], *, jsonata: bool) -> Template:
    """A field that holds a literal or, in JSONata, an expression of certain types."""
    if jsonata and is_expression(value):
        return expression(expression_text(value), field, expected)
    return constant(value)


def result_path(text: str | None) -> Callable[[Json, Json], Json]:
    """Where a result goes: from the state's input and the result, the two combined."""
    if text is None:
        return lambda document, _result: document
    if text == "$":
        return lambda _document, result: result
    reference = compile_reference(text)

    def put(document: Json, result: Json) -> Json:
        try:
            return reference.put(document, result)
        except ResultPathError as error:
            raise Fault(RESULT_PATH, str(error), located=True) from None

    return put


def effective(filters: Filters) -> Template:
    """What a JSONPath state works on: InputPath, then Parameters."""
    select, fill = filters.input_path, filters.parameters
    if fill is None:
        return select
    return fill if select is same else lambda scope: fill(scope.at(select(scope)))


def path_output(filters: Filters) -> Callable[[Scope, Json], Json]:
    """The output of a JSONPath state from what it saw and its result: ResultSelector, ResultPath, OutputPath."""
    selector, place, leave = filters.result_selector, filters.result_path, filters.output_path

    def output(scope: Scope, result: Json) -> Json:
        if selector is not None:
            result = selector(scope.at(result))
        combined = place(scope.input, result)
        return combined if leave is same else leave(scope.at(combined))

    return output


def expression_output(template: Template | None) -> Callable[[Scope, Json], Json]:
    """The output of a JSONata state: what Output says, else the result as it is."""
    if template is None:
        return lambda _scope, result: result
    return lambda scope, result: template(scope.with_result(result))
