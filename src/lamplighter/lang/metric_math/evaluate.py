"""Evaluate expressions of metric math over the time series of other queries.

Pure: the caller reads the metrics. An expression may name other expressions, but not itself. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html.
"""

from collections.abc import Mapping

from lamplighter.lang.metric_math.functions import FUNCTIONS, UNSUPPORTED, MathContext, WorkLimit
from lamplighter.lang.metric_math.syntax import (
    KEYWORDS,
    Array,
    Call,
    MetricMathError,
    Name,
    Node,
    Number,
    Operation,
    Text,
    UnsupportedFunction,
    functions_in,
    names_in,
)
from lamplighter.lang.metric_math.values import Series, Value, combine, count_points

MAX_ARRAY = 1_000
"""The most series of an array: arrays of arrays could grow without limit. A request has 500 queries at most."""


def check_expression(node: Node, ids: frozenset[str]) -> None:
    """Raise `MetricMathError` if an expression names an unknown id or function, or `UnsupportedFunction`."""
    for function in functions_in(node):
        _check_function(function)
    for name in names_in(node):
        if name not in ids and name not in KEYWORDS:
            raise MetricMathError(f"Unknown id: {name}")


def _check_function(name: str) -> None:
    if name in UNSUPPORTED:
        raise UnsupportedFunction(f"This engine does not have the function {name}.")
    if name not in FUNCTIONS:
        raise MetricMathError(f"Unknown function: {name}")


def order_expressions(expressions: Mapping[str, Node]) -> list[str]:
    """Return the ids of expressions so that each follows those that it names. Raises `MetricMathError` for a cycle."""
    ordered, waiting = list[str](), dict(expressions)
    while waiting:
        ready = [key for key, node in waiting.items() if not any(name in waiting for name in names_in(node))]
        if not ready:
            raise MetricMathError(f"The expressions depend on each other: {', '.join(sorted(waiting))}")
        for key in ready:
            del waiting[key]
        ordered += ready
    return ordered


def evaluate(node: Node, context: MathContext) -> Value:
    """Return the value of an expression. Raises `MetricMathError`."""
    match node:
        case Number(value) | Text(value):
            return value
        case Name(value):
            return _value_of(value, context)
        case Operation(sign, left, right):
            return _combine(sign, evaluate(left, context), evaluate(right, context), context.work)
        case Array(items):
            return tuple(_items(items, context))
        case Call(function, arguments):
            return _call(function, [evaluate(each, context) for each in arguments], context)


def _combine(sign: str, left: Value, right: Value, work: WorkLimit) -> Value:
    work.spend(max(count_points(left), count_points(right)))
    return combine(sign, left, right)


def _value_of(name: str, context: MathContext) -> Value:
    if name in context.values:
        return context.values[name]
    if name in KEYWORDS:
        return name
    raise MetricMathError(f"Unknown id: {name}")


def _items(items: tuple[Node, ...], context: MathContext) -> list[Series]:
    found = list[Series]()
    for item in items:
        value = evaluate(item, context)
        if isinstance(value, float | str):
            raise MetricMathError("An array can have time series only.")
        found += value if isinstance(value, tuple) else [value]
        if len(found) > MAX_ARRAY:
            raise MetricMathError(f"An array can have {MAX_ARRAY} time series at most.")
    return found


def _call(function: str, arguments: list[Value], context: MathContext) -> Value:
    _check_function(function)
    apply, least, most = FUNCTIONS[function]
    if not least <= len(arguments) <= most:
        raise MetricMathError(f"The function {function} has a wrong number of arguments.")
    context.work.spend(sum(map(count_points, arguments)))
    found = apply(context, arguments)
    context.work.spend(count_points(found))
    return found
