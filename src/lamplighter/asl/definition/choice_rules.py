"""Compile the conditions of a Choice to closures.

See https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html. A comparison with a value of the wrong type
is false. A variable that does not exist ends the execution, except with IsPresent.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from operator import eq, ge, gt, le, lt

from lamplighter.asl.definition.data_flow import (
    BadField,
    bad_reference_path,
    compile_expression_field,
    expression_text,
    is_expression,
    path_too_complex,
)
from lamplighter.asl.definition.expression_scope import Scope
from lamplighter.asl.definition.model import Choice, Rule, Template
from lamplighter.asl.execution.state_errors import runtime_error
from lamplighter.base.json_text import Json
from lamplighter.lang.jsonpath.paths import Path, PathError, PathNotFound, QueryTooComplex, compile_path
from lamplighter.lang.wildcard import compile_pieces, split_wildcard

TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T(?:[01]\d|2[0-3]):\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})")
"""A timestamp of RFC 3339 with a capital T and either a capital Z or an offset, as the specification demands."""

Convert = Callable[[Json], Json]
"""A function that converts a value for its comparison, or returns None if the value has another type."""


def parse_timestamp(value: Json) -> datetime | None:
    """Return the instant of a timestamp, or None if the value is no timestamp."""
    if not isinstance(value, str) or not TIMESTAMP.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _string(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Json) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _boolean(value: Json) -> bool | None:
    return value if isinstance(value, bool) else None


TYPES: Mapping[str, Convert] = {
    "String": _string,
    "Numeric": _number,
    "Boolean": _boolean,
    "Timestamp": parse_timestamp,
}
COMPARISONS: Mapping[str, Callable[[Json, Json], bool]] = {
    "Equals": eq,
    "LessThan": lt,
    "LessThanEquals": le,
    "GreaterThan": gt,
    "GreaterThanEquals": ge,
}
TESTS: Mapping[str, Callable[[Json], bool]] = {
    "IsNull": lambda value: value is None,
    "IsString": lambda value: isinstance(value, str),
    "IsNumeric": lambda value: _number(value) is not None,
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: parse_timestamp(value) is not None,
}
OPERATORS: Mapping[str, tuple[Convert, Callable[[Json, Json], bool]]] = {
    f"{kind}{name}": (convert, compare)
    for kind, convert in TYPES.items()
    for name, compare in COMPARISONS.items()
    if kind != "Boolean" or name == "Equals"
}
OPERATOR_NAMES = (
    frozenset(OPERATORS) | {f"{name}Path" for name in OPERATORS} | frozenset(TESTS) | {"IsPresent", "StringMatches"}
)
"""All comparison operators of a rule."""


def compile_rule(rule: Mapping[str, Json], *, jsonata: bool, location: str = "") -> Rule:
    """Compile the condition of a rule; `location` is the rule's place in the state."""
    if jsonata:
        return _compile_condition(rule["Condition"], f"{location}Condition")
    if "And" in rule:
        inner = _compile_inner(rule, "And", location)
        return lambda scope: all(test(scope) for test in inner)
    if "Or" in rule:
        inner = _compile_inner(rule, "Or", location)
        return lambda scope: any(test(scope) for test in inner)
    if "Not" in rule:
        negated = compile_rule(rule["Not"], jsonata=False, location=f"{location}Not/")
        return lambda scope: not negated(scope)
    return _compile_comparison(rule, location)


def _compile_inner(rule: Mapping[str, Json], name: str, location: str) -> list[Rule]:
    return [
        compile_rule(each, jsonata=False, location=f"{location}{name}[{index}]/")
        for index, each in enumerate(rule[name])
    ]


def _compile_condition(value: Json, field: str) -> Rule:
    if not is_expression(value):
        return lambda _scope: value is True
    test = compile_expression_field(expression_text(value), field, (bool,))
    return lambda scope: test(scope) is True


def _compile_comparison(rule: Mapping[str, Json], location: str) -> Rule:
    variable = _compile_variable(rule["Variable"], f"{location}Variable")
    operator = next(key for key in rule if key in OPERATOR_NAMES)
    operand = rule[operator]
    if operator == "IsPresent":
        return lambda scope: _present(variable, scope) is operand
    if operator in TESTS:
        test = TESTS[operator]
        return lambda scope: test(_value(variable, scope)) is operand
    if operator == "StringMatches":
        matches = compile_pieces(split_wildcard(operand))
        return lambda scope: isinstance(value := _value(variable, scope), str) and matches(value)
    return _compile_value_comparison(variable, operator, operand, location)


def _compile_variable(text: str, field: str) -> Path:
    try:
        return compile_path(text)
    except PathError as error:
        raise BadField(bad_reference_path(text, error), field) from None


def _compile_value_comparison(variable: Path, operator: str, operand: Json, location: str) -> Rule:
    if operator.endswith("Path"):
        other = _compile_variable(operand, f"{location}{operator}")
        convert, compare = OPERATORS[operator.removesuffix("Path")]
        return lambda scope: _holds(compare, convert(_value(variable, scope)), convert(_value(other, scope)))
    convert, compare = OPERATORS[operator]
    fixed = convert(operand)
    return lambda scope: _holds(compare, convert(_value(variable, scope)), fixed)


def _holds(compare: Callable[[Json, Json], bool], left: Json, right: Json) -> bool:
    return left is not None and right is not None and compare(left, right)


def _present(variable: Path, scope: Scope) -> bool:
    try:
        variable.value(scope)
    except PathNotFound:
        return False
    except QueryTooComplex as error:
        raise path_too_complex(variable.text, error) from None
    return True


def _value(variable: Path, scope: Scope) -> Json:
    try:
        return variable.value(scope)
    except PathNotFound:
        raise runtime_error(
            f"Invalid path '{variable.text}': The choice state's condition path references an invalid value."
        ) from None
    except QueryTooComplex as error:
        raise path_too_complex(variable.text, error) from None


def choose_next(state: Choice, scope: Scope) -> tuple[str, Template | None, Template]:
    """Return the next state, the Assign template and the Output template of the first matching rule, or of Default."""
    for rule, target, sets, output in state.rules:
        if rule(scope):
            return target, sets, output or state.output
    if state.default is None:
        # AWS's documentation names States.NoChoiceMatched for this case; AWS's executions end with States.Runtime.
        raise runtime_error("Failed to transition out of the state. The state does not point to a next state.")
    return state.default, state.assign, state.output
