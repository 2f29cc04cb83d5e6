"""Compile the data flow through a state, for JSONPath and for JSONata.

- JSONPath: InputPath, Parameters / the work / ResultSelector, ResultPath, OutputPath.
- JSONata: Arguments / the work / Output.

Both languages have Assign. See
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html and
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html.

Guarantees that nothing is parsed at run time and that no document is changed in place, because values are shared.
`lang/jsonpath/paths.py` puts a result at its ResultPath.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from lamplighter.asl.definition.expression_scope import Scope
from lamplighter.asl.definition.model import Template
from lamplighter.asl.execution.state_errors import INTRINSIC, QUERY, RESULT_PATH, StateError, runtime_error
from lamplighter.base.errors import UnboundedWork
from lamplighter.base.json_text import Json, dumps
from lamplighter.lang.intrinsics.expression import IntrinsicFailure, IntrinsicSyntaxError, compile_intrinsic
from lamplighter.lang.jsonata.expression import UNDEFINED, JsonataError, JsonataSyntaxError, compile_expression
from lamplighter.lang.jsonpath.paths import (
    PathError,
    PathNotFound,
    QueryTooComplex,
    ResultPathError,
    compile_path,
    compile_reference,
)

_BARE_NAME = re.compile(r"\s*([^\W\d]\w*)(?!\w|\s*\()")
"""An expression that begins with a bare name. Expressions have no top-level document in which to find such a name."""
_KEYWORDS = frozenset(["true", "false", "null", "function", "and", "or", "in"])
MISSING_DOLLAR = "Reference path didn't start with '$'"
MAX_DOCUMENT_REFERENCES = 100
"""The most references to documents (of 256 KiB at most) in one payload; with more, its work has no known bound."""
TYPE_NAMES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}


RecordStage = Callable[[str, Json], Json]
"""A function that receives AWS's name of a stage and the value after it, and returns the value."""


@dataclass(frozen=True, slots=True)
class JsonPathFilters:
    """The stages of a JSONPath state's data flow."""

    input_path: Template
    parameters: Template | None
    result_selector: Template | None
    result_path: Callable[[Json, Json], Json]
    """A function that combines the state's input with its result."""
    output_path: Template


class BadField(ValueError):
    """A field of a state cannot be compiled; `str()` returns the reason, in AWS's words if these are known."""

    def __init__(self, reason: str, field: str, code: str | None = None) -> None:
        super().__init__(reason)
        self.field = field
        """The field's path within the state."""
        self.code = code
        """AWS's code of the diagnostic, if the fault has a special one."""


def constant(value: Json) -> Template:
    """Return a template that always returns this value."""
    return lambda _scope: value


def identity(scope: Scope) -> Json:
    """Return the input unchanged."""
    return scope.input


def is_expression(value: Json) -> bool:
    """Return whether a value is a string with a JSONata expression."""
    return isinstance(value, str) and value.startswith("{%") and value.rstrip().endswith("%}")


def expression_text(value: str) -> str:
    """Return the text between `{%` and `%}`."""
    return value[2 : value.rindex("%}")].strip()


def compile_payload_path(text: str, field: str) -> Template:
    """Compile a path in a payload; if nothing is found at run time, the template raises AWS's error for `field`."""
    compiled = compile_path(text)

    def read(scope: Scope) -> Json:
        try:
            return compiled.value(scope)
        except PathNotFound:
            raise runtime_error(
                f"The JSONPath '{text}' specified for the field '{field}' could not be found "
                f"in the input '{dumps(scope.input)}'"
            ) from None
        except QueryTooComplex as error:
            raise path_too_complex(text, error) from None

    return read


NOT_FOUND = "Invalid path '{path}' : {reason}"


def compile_document_path(text: str | None, field: str, missing: str = NOT_FOUND) -> Template:
    """Compile a path into the document (InputPath, OutputPath, ItemsPath …); null selects an empty object.

    `missing` is the cause if the path selects nothing.
    """
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
        except PathNotFound as error:
            raise runtime_error(missing.format(field=field, path=text, reason=error.reason)) from None
        except QueryTooComplex as error:
            raise path_too_complex(text, error) from None

    return read


def compile_intrinsic_field(text: str) -> Template:
    """Compile a call of an intrinsic function."""
    compiled = compile_intrinsic(text)

    def call(scope: Scope) -> Json:
        try:
            return compiled.value(scope, scope.world)
        except IntrinsicFailure as error:
            raise StateError(INTRINSIC, str(error), located=True) from None
        except QueryTooComplex as error:
            raise path_too_complex(text, error) from None
        except PathNotFound as error:
            raise runtime_error(str(error)) from None

    return call


def path_too_complex(text: str, error: QueryTooComplex) -> StateError:
    """Return the error of a path whose evaluation takes too long."""
    return runtime_error(f"Invalid path '{text}' : {error}")


def compile_dynamic_field(text: str, field: str) -> Template:
    """Compile the value of a field whose name ends in `.$`: a path or an intrinsic function."""
    return compile_payload_path(text, field) if text.startswith("$") else compile_intrinsic_field(text)


def compile_checked_field(value: Json, key: str, field: str) -> Template:
    """Compile the value of the field `key`, whose name ends in `.$`.

    Raises `BadField` if the value is neither a path nor an intrinsic function. The error names `field`, the state's
    field that contains the value.
    """
    try:
        return compile_dynamic_field(value, key)
    except (PathError, IntrinsicSyntaxError, AttributeError):  # AttributeError: the value is no string
        reason = f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
        raise BadField(reason, field) from None


def _path_template(value: Json, field: str) -> Template | None:
    """Compile a payload with paths, or return None if it has none."""
    if isinstance(value, list):
        return _list_template(value, [_path_template(item, field) for item in value])
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
    return _object_template(keys, list(value.values()), parts)


def compile_expression_field(text: str, field: str, expected: tuple[type, ...] | None = None) -> Template:
    """Compile a JSONata expression; `expected` lists the types that the field accepts.

    The template raises States.QueryEvaluationError if the value is undefined or has another type.
    """
    try:
        compiled = compile_expression(text)
    except JsonataSyntaxError as error:
        raise BadField(str(error), field, "INVALID_JSONATA_EXPRESSION") from None
    named = _BARE_NAME.match(text)
    if named is not None and named[1] not in _KEYWORDS:
        reason = f"Reference to '{named[1]}' at the top level is not supported."
        raise BadField(reason, field, "UNSUPPORTED_JSONATA_EXPRESSION")

    def evaluate(scope: Scope) -> Json:
        try:
            value = compiled.value({**scope.variables, "states": scope.states}, scope.world)
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
    """Return a States.QueryEvaluationError, which a state may retry or catch."""
    return StateError(QUERY, cause, located=True, field=field)


def type_name(value: Json) -> str:
    """Return JSONata's name for the type of a value."""
    return TYPE_NAMES.get(type(value), "null")


def _expression_template(value: Json, field: str) -> Template | None:
    """Compile a payload with expressions in its strings, or return None if it has none."""
    if is_expression(value):
        return compile_expression_field(expression_text(value), field)
    if isinstance(value, str) and value.startswith("{%"):
        raise BadField("JSONata string must start with {% and end with %}", field)
    if isinstance(value, list):
        return _list_template(
            value, [_expression_template(item, f"{field}[{index}]") for index, item in enumerate(value)]
        )
    if isinstance(value, dict):
        parts = [_expression_template(inner, f"{field}/{key}") for key, inner in value.items()]
        return _object_template(list(value), list(value.values()), parts)
    return None


def _list_template(values: list[Json], parts: list[Template | None]) -> Template | None:
    if not any(parts):
        return None
    pairs = [part or constant(value) for value, part in zip(values, parts, strict=True)]
    return lambda scope: [part(scope) for part in pairs]


def _object_template(keys: list[str], values: list[Json], parts: list[Template | None]) -> Template | None:
    if not any(parts):
        return None
    pairs = [(key, part or constant(value)) for key, value, part in zip(keys, values, parts, strict=True)]
    return lambda scope: {key: part(scope) for key, part in pairs}


def compile_payload(value: Json, field: str, *, jsonata: bool) -> Template:
    """Compile a payload template (Parameters, ItemSelector, ResultSelector, Assign; Arguments, Output, Items)."""
    found = _expression_template(value, field) if jsonata else _path_template(value, field)
    if found is None:
        return constant(value)
    return found if _count_document_references(value) <= MAX_DOCUMENT_REFERENCES else _forbid_blocking(found, field)


def _count_document_references(value: Json) -> int:
    """Return an upper bound for the number of references to documents in a payload."""
    if isinstance(value, str):
        return value.count("$")
    if isinstance(value, list):
        return sum(map(_count_document_references, value))
    return sum(map(_count_document_references, value.values())) if isinstance(value, dict) else 0


def _forbid_blocking(template: Template, field: str) -> Template:
    """Wrap the template of a large payload so that it raises MayTakeLong in a place that must not block."""

    def evaluate(scope: Scope) -> Json:
        if not scope.allows_unbounded_work:
            raise UnboundedWork(field)
        return template(scope)

    return evaluate


def compile_scalar(value: Json, field: str, expected: tuple[type, ...], *, jsonata: bool) -> Template:
    """Compile a field that holds a literal or, in JSONata, an expression of certain types."""
    if jsonata and is_expression(value):
        return compile_expression_field(expression_text(value), field, expected)
    return constant(value)


def compile_result_path(text: str | None, field: str) -> Callable[[Json, Json], Json]:
    """Compile ResultPath to a function that combines the state's input with its result."""
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
    """Return why a text is no reference path; AWS's words are known only for a text that does not begin with `$`."""
    return f"Value is not a Reference Path: {error if text.startswith('$') else MISSING_DOLLAR}"


def record_stage(stage: str, template: Template, record: RecordStage) -> Template:
    """Return a template that passes its value to `record`."""
    return lambda scope: record(stage, template(scope))


def record_filters(filters: JsonPathFilters, record: RecordStage, state_type: str) -> JsonPathFilters:
    """Return filters that pass their values to `record`, also those that change nothing.

    A Map has no stage after Parameters. AWS, recorded: of a Parallel, no stage before the result is shown.
    """
    recorded = replace(
        filters,
        result_selector=record_stage("afterResultSelector", filters.result_selector or identity, record),
        result_path=lambda document, result: record("afterResultPath", filters.result_path(document, result)),
    )
    if state_type == "Parallel":
        return recorded
    return replace(
        recorded,
        input_path=record_stage("afterInputPath", filters.input_path, record),
        parameters=None
        if state_type == "Map"
        else record_stage("afterParameters", filters.parameters or identity, record),
    )


def compile_effective_input(filters: JsonPathFilters) -> Template:
    """Compile InputPath and Parameters to the input that a JSONPath state works on."""
    select, fill = filters.input_path, filters.parameters
    if fill is None:
        return select
    return fill if select is identity else lambda scope: fill(scope.at(select(scope)))


def compile_path_output(filters: JsonPathFilters) -> Callable[[Scope, Json], Json]:
    """Compile ResultSelector, ResultPath and OutputPath to a function that makes the output from scope and result."""
    selector, place, leave = filters.result_selector, filters.result_path, filters.output_path

    def output(scope: Scope, result: Json) -> Json:
        if selector is not None:
            result = selector(scope.at(result))
        combined = place(scope.input, result)
        return combined if leave is identity else leave(scope.at(combined))

    return output


def compile_expression_output(template: Template | None) -> Callable[[Scope, Json], Json]:
    """Compile Output to a function that makes a JSONata state's output; without Output this is the result."""
    if template is None:
        return lambda _scope, result: result
    return lambda scope, result: template(scope.with_result(result))
