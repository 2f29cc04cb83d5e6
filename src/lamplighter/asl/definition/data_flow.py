"""How data flows through a state, compiled: for JSONPath and for JSONata.

JSONPath: InputPath, Parameters / the work / ResultSelector, ResultPath, OutputPath.
JSONata: Arguments / the work / Output. Assign stands beside both.
See https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html and
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html.

Promises that nothing is parsed at run time and that no document is ever changed in place: values are shared.
"""

import re
from collections.abc import Callable

from lamplighter.asl.definition.expression_scope import Scope
from lamplighter.asl.definition.model import Filters, Template
from lamplighter.asl.execution.state_errors import INTRINSIC, QUERY, RESULT_PATH, StateError, runtime_error
from lamplighter.base.errors import MayTakeLong
from lamplighter.base.json_text import Json, dumps
from lamplighter.lang.intrinsics.expression import IntrinsicFailure, IntrinsicSyntaxError, compile_intrinsic
from lamplighter.lang.jsonata.expression import UNDEFINED, JsonataError, JsonataSyntaxError, compile_expression
from lamplighter.lang.jsonpath.paths import (
    NotFound,
    PathError,
    QueryTooComplex,
    ResultPathError,
    compile_path,
    compile_reference,
)

_BARE = re.compile(r"\s*([^\W\d]\w*)(?!\w|\s*\()")
"""An expression that begins with a name: there is no document at the top level that could have it."""
_WORDS = frozenset(["true", "false", "null", "function", "and", "or", "in"])
NO_SIGN = "Reference path didn't start with '$'"
MOST_PATHS = 100
"""How often a payload may name a document (of 256 KiB at most) before it counts as work without a known bound."""
TYPE_NAMES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}


class BadField(ValueError):
    """A field of a state that cannot be compiled; str() says why, as AWS does where it is known."""

    def __init__(self, why: str, field: str, code: str | None = None) -> None:
        super().__init__(why)
        self.field = field
        """Its place in the state."""
        self.code = code
        """AWS's code of the diagnostic, where it has one of its own."""


def constant(value: Json) -> Template:
    """The same value, whatever there is to see."""
    return lambda _scope: value


def identity(scope: Scope) -> Json:
    """The input as it came."""
    return scope.input


def is_expression(value: Json) -> bool:
    """Whether a string is a JSONata expression."""
    return isinstance(value, str) and value.startswith("{%") and value.rstrip().endswith("%}")


def expression_text(value: str) -> str:
    """What stands between the signs."""
    return value[2 : value.rindex("%}")].strip()


def compile_payload_path(text: str, field: str) -> Template:
    """The value at a path, or the fault that AWS reports for a payload field."""
    compiled = compile_path(text)

    def read(scope: Scope) -> Json:
        try:
            return compiled.value(scope)
        except NotFound:
            raise runtime_error(
                f"The JSONPath '{text}' specified for the field '{field}' could not be found "
                f"in the input '{dumps(scope.input)}'"
            ) from None
        except QueryTooComplex as error:
            raise path_too_complex(text, error) from None

    return read


def compile_filter_path(text: str | None, field: str) -> Template:
    """InputPath, OutputPath, ItemsPath: a path into the document; null gives an empty object."""
    if text is None:
        return constant({})
    if text == "$":
        return identity
    try:
        compiled = compile_path(text)
    except PathError:
        raise BadField("Value must be a valid JSONPath.", field) from None

    def read(scope: Scope) -> Json:
        try:
            return compiled.value(scope)
        except NotFound as error:
            raise runtime_error(f"Invalid path '{text}' : {error.reason}") from None
        except QueryTooComplex as error:
            raise path_too_complex(text, error) from None

    return read


def compile_intrinsic_field(text: str) -> Template:
    """The value of an intrinsic function."""
    compiled = compile_intrinsic(text)

    def call(scope: Scope) -> Json:
        try:
            return compiled.value(scope, scope.world)
        except IntrinsicFailure as error:
            raise StateError(INTRINSIC, str(error), located=True) from None
        except QueryTooComplex as error:
            raise path_too_complex(text, error) from None
        except NotFound as error:
            raise runtime_error(str(error)) from None

    return call


def path_too_complex(text: str, error: QueryTooComplex) -> StateError:
    """The fault of a path whose evaluation takes too long."""
    return runtime_error(f"Invalid path '{text}' : {error}")


def compile_dynamic_field(text: str, field: str) -> Template:
    """The value of a field whose name ends in `.$`: a path or an intrinsic function."""
    return compile_payload_path(text, field) if text.startswith("$") else compile_intrinsic_field(text)


def compile_checked_field(value: Json, key: str, field: str) -> Template:
    """What a field whose name ends in `.$` says, compiled; `field` is the one that holds it."""
    try:
        return compile_dynamic_field(value, key)
    except (PathError, IntrinsicSyntaxError, AttributeError):  # the last of what is no text
        why = f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
        raise BadField(why, field) from None


def _path_template(value: Json, field: str) -> Template | None:
    """A payload template, or None where nothing in it is dynamic."""
    if isinstance(value, list):
        return _list(value, [_path_template(item, field) for item in value])
    if not isinstance(value, dict):
        return None
    keys: list[str] = []
    parts: list[Template | None] = []
    for key, inner in value.items():
        if key.endswith(".$"):
            keys.append(key[:-2])
            parts.append(compile_checked_field(inner, key, field))
        else:
            keys.append(key)
            parts.append(_path_template(inner, field))
    return _object(keys, list(value.values()), parts)


def expression_bindings(scope: Scope) -> dict[str, Json]:
    """What an expression can name."""
    return {**scope.variables, "states": scope.states}


def compile_expression_field(text: str, field: str, expected: tuple[type, ...] | None = None) -> Template:
    """The value of a JSONata expression; `expected` names the types that the field takes."""
    try:
        compiled = compile_expression(text)
    except JsonataSyntaxError as error:
        raise BadField(str(error), field, "INVALID_JSONATA_EXPRESSION") from None
    named = _BARE.match(text)
    if named is not None and named[1] not in _WORDS:
        why = f"Reference to '{named[1]}' at the top level is not supported."
        raise BadField(why, field, "UNSUPPORTED_JSONATA_EXPRESSION")

    def evaluate(scope: Scope) -> Json:
        try:
            value = compiled.value(expression_bindings(scope), scope.world)
        except JsonataError as error:
            raise query_error(error.cause(text, field), field) from None
        if value is UNDEFINED:
            raise query_error(
                f"The JSONata expression '{text}' specified for the field '{field}' returned nothing (undefined).",
                field,
            )
        if expected is not None and type(value) not in expected:
            raise query_error(
                f"The JSONata expression '{text}' specified for the field '{field}' returned an unexpected result "
                f"type. Expected '{TYPE_NAMES[expected[0]]}', but was '{type_name(value)}' for value: {dumps(value)}",
                field,
            )
        return value

    return evaluate


def query_error(cause: str, field: str) -> StateError:
    """States.QueryEvaluationError, which a state may retry or catch."""
    return StateError(QUERY, cause, located=True, field=field)


def type_name(value: Json) -> str:
    """How JSONata calls the type of a value."""
    return TYPE_NAMES.get(type(value), "null")


def _expression_template(value: Json, field: str) -> Template | None:
    """A payload with expressions in its strings, or None where it has none."""
    if is_expression(value):
        return compile_expression_field(expression_text(value), field)
    if isinstance(value, str) and value.startswith("{%"):
        raise BadField("JSONata string must start with {% and end with %}", field)
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


def compile_payload(value: Json, field: str, *, jsonata: bool) -> Template:
    """A payload template (Parameters, ItemSelector, ResultSelector, Assign; Arguments, Output, Items)."""
    found = _expression_template(value, field) if jsonata else _path_template(value, field)
    if found is None:
        return constant(value)
    return found if _count_paths(value) <= MOST_PATHS else _unbounded(found, field)


def _count_paths(value: Json) -> int:
    """How often a payload can name a document at most."""
    if isinstance(value, str):
        return value.count("$")
    if isinstance(value, list):
        return sum(map(_count_paths, value))
    return sum(map(_count_paths, value.values())) if isinstance(value, dict) else 0


def _unbounded(template: Template, field: str) -> Template:
    """A payload that may put together so many documents that it takes long."""

    def fill(scope: Scope) -> Json:
        if not scope.may_block:
            raise MayTakeLong(field)
        return template(scope)

    return fill


def compile_scalar(value: Json, field: str, expected: tuple[type, ...], *, jsonata: bool) -> Template:
    """A field that holds a literal or, in JSONata, an expression of certain types."""
    if jsonata and is_expression(value):
        return compile_expression_field(expression_text(value), field, expected)
    return constant(value)


def compile_result_path(text: str | None, field: str) -> Callable[[Json, Json], Json]:
    """Where a result goes: from the state's input and the result, the two combined."""
    if text is None:
        return lambda document, _result: document
    if text == "$":
        return lambda _document, result: result
    try:
        reference = compile_reference(text)
    except PathError as error:
        raise BadField(bad_reference_path(text, error), field) from None

    def put(document: Json, result: Json) -> Json:
        try:
            return reference.put(document, result)
        except ResultPathError as error:
            raise StateError(RESULT_PATH, str(error), located=True) from None

    return put


def bad_reference_path(text: str, error: PathError) -> str:
    """Why a text is no reference path; AWS's words are known of one without its first sign."""
    return f"Value is not a Reference Path: {error if text.startswith('$') else NO_SIGN}"


def compile_effective_input(filters: Filters) -> Template:
    """What a JSONPath state works on: InputPath, then Parameters."""
    select, fill = filters.input_path, filters.parameters
    if fill is None:
        return select
    return fill if select is identity else lambda scope: fill(scope.at(select(scope)))


def compile_path_output(filters: Filters) -> Callable[[Scope, Json], Json]:
    """The output of a JSONPath state from what it saw and its result: ResultSelector, ResultPath, OutputPath."""
    selector, place, leave = filters.result_selector, filters.result_path, filters.output_path

    def output(scope: Scope, result: Json) -> Json:
        if selector is not None:
            result = selector(scope.at(result))
        combined = place(scope.input, result)
        return combined if leave is identity else leave(scope.at(combined))

    return output


def compile_expression_output(template: Template | None) -> Callable[[Scope, Json], Json]:
    """The output of a JSONata state: what Output says, else the result as it is."""
    if template is None:
        return lambda _scope, result: result
    return lambda scope, result: template(scope.with_result(result))
