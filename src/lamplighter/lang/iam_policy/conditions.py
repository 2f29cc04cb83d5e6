"""Evaluate the Condition element of an IAM policy.

All operators, with IfExists, ForAllValues and ForAnyValue. An unknown operator never holds; neither does a value that
is no number, date or address.
See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network

from lamplighter.base.json_text import Json
from lamplighter.lang.iam_policy.text_patterns import (
    Context,
    as_list,
    compile_with_variables,
    has_variables,
    matches_arn,
    matches_pattern,
    substitute_variables,
)

Compare = Callable[[str, str], bool]
"""Compares a value of the policy with a value of the request."""
ALL_VALUES, ANY_VALUE, IF_EXISTS = "ForAllValues:", "ForAnyValue:", "IfExists"


def _equals(wanted: str, value: str) -> bool:
    return wanted == value


def _equals_ignoring_case(wanted: str, value: str) -> bool:
    return wanted.lower() == value.lower()


def _number(compare: Callable[[float, float], bool]) -> Compare:
    return lambda wanted, value: compare(float(wanted), float(value))


def _date(compare: Callable[[float, float], bool]) -> Compare:
    return lambda wanted, value: compare(_seconds(wanted), _seconds(value))


def _seconds(text: str) -> float:
    if text.replace(".", "", 1).isdecimal():
        return float(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _in_network(wanted: str, value: str) -> bool:
    return ip_address(value) in ip_network(wanted, strict=False)


_ORDERS: Mapping[str, Callable[[float, float], bool]] = {
    "Equals": lambda wanted, value: value == wanted,
    "LessThan": lambda wanted, value: value < wanted,
    "LessThanEquals": lambda wanted, value: value <= wanted,
    "GreaterThan": lambda wanted, value: value > wanted,
    "GreaterThanEquals": lambda wanted, value: value >= wanted,
}
_POSITIVE: Mapping[str, Compare] = {
    "StringEquals": _equals,
    "StringEqualsIgnoreCase": _equals_ignoring_case,
    "StringLike": matches_pattern,
    "ArnEquals": matches_arn,
    "ArnLike": matches_arn,
    "Bool": _equals_ignoring_case,
    "BinaryEquals": _equals,
    "IpAddress": _in_network,
    **{f"Numeric{name}": _number(order) for name, order in _ORDERS.items()},
    **{f"Date{name}": _date(order) for name, order in _ORDERS.items()},
}
_NEGATIVE: Mapping[str, Compare] = {
    "StringNotEquals": _equals,
    "StringNotEqualsIgnoreCase": _equals_ignoring_case,
    "StringNotLike": matches_pattern,
    "ArnNotEquals": matches_arn,
    "ArnNotLike": matches_arn,
    "NotIpAddress": _in_network,
    "NumericNotEquals": _number(_ORDERS["Equals"]),
    "DateNotEquals": _date(_ORDERS["Equals"]),
}
"""The operators that require that no value matches, and how they compare."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of a condition block."""

    operator: str
    key: str
    expected: Json
    """The value or values in the policy."""
    holds: Callable[[Context], bool]
    is_known: bool
    """Whether the operator exists."""


def compile_conditions(block: Json, *, variables: bool) -> list[Condition]:
    """Return the conditions of a Condition element; `variables` is whether the policy's version has variables."""
    return [
        _compile(operator, key, expected, variables=variables)
        for operator, keys in (block or {}).items()
        for key, expected in keys.items()
    ]


def is_operator(text: str) -> bool:
    """Return whether IAM has this condition operator."""
    name = text.removeprefix(ANY_VALUE).removeprefix(ALL_VALUES).removesuffix(IF_EXISTS)
    return text == "Null" or name in _POSITIVE or name in _NEGATIVE


def _compile(operator: str, key: str, expected: Json, *, variables: bool) -> Condition:
    name, values = key.lower(), tuple(_text(each) for each in as_list(expected))
    if not is_operator(operator):
        return Condition(operator, key, expected, lambda _context: False, is_known=False)
    if operator == "Null":
        wants_missing = [each.lower() for each in values] == ["true"]
        return Condition(operator, key, expected, lambda context: (name in context) is not wants_missing, is_known=True)
    plain = operator.removeprefix(ANY_VALUE).removeprefix(ALL_VALUES).removesuffix(IF_EXISTS)
    negated = plain in _NEGATIVE
    matches = _compile_values(values, _NEGATIVE[plain] if negated else _POSITIVE[plain], variables=variables)
    for_all, for_any = operator.startswith(ALL_VALUES), operator.startswith(ANY_VALUE)
    # "If the key is not present in the request, the values do not match", so a negated operator holds.
    if_missing = operator.endswith(IF_EXISTS) or for_all or (negated and not for_any)

    def holds(context: Context) -> bool:
        found = context.get(name)
        if found is None:
            return if_missing
        if isinstance(found, str):
            return matches(found, context) is not negated
        results = [matches(each, context) for each in found]
        if for_all:
            return not any(results) if negated else all(results)
        if for_any:
            return not all(results) if negated else any(results)
        return any(results) is not negated

    return Condition(operator, key, expected, holds, is_known=True)


def _compile_values(values: tuple[str, ...], compare: Compare, *, variables: bool) -> Callable[[str, Context], bool]:
    """Return a test whether a value of the request matches one of the policy's values."""
    if variables and any(map(has_variables, values)):
        if compare is matches_pattern:
            patterns = [compile_with_variables(each) for each in values]
            return lambda found, context: any(each(found, context) for each in patterns)

        def matches(found: str, context: Context) -> bool:
            wanted = (substitute_variables(each, context) for each in values)
            return any(each is not None and _safely(compare, each, found) for each in wanted)

        return matches
    if compare is _equals:
        exact = frozenset(values)
        return lambda found, _context: found in exact
    return lambda found, _context: any(_safely(compare, each, found) for each in values)


def _safely(compare: Compare, wanted: str, found: str) -> bool:
    try:
        return compare(wanted, found)
    except ValueError:
        return False


def _text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
