"""Convert and compare the values of queries: texts, numbers, truth values, times, and None for a missing field.

Guarantees that no operation raises: what has no result is None. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import fmod, isfinite

from lamplighter.base.json_text import Json, dumps
from lamplighter.lang.schedule.time_zones import EPOCH

MAX_DECIMALS = 4
"""The most decimals of a number in a result."""
MAX_EXACT = 2**53
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,300}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_DIGITS = re.compile("[0-9]+")
_MAX_MARK = 0xD7FF
MAX_TIME = 253_402_300_799_999


class Instant(int):
    """A time in milliseconds since the epoch, which a result shows as a date."""


@dataclass(frozen=True, slots=True)
class Structure:
    """A map or a list, which `jsonParse` makes of a text. To most functions and comparisons it is a missing value."""

    document: Json


Value = str | int | float | Structure | None
"""A truth value is 1 or 0, as in the results of AWS."""


def from_json(value: Json) -> Value:
    """Return a value of a JSON document as a query sees it."""
    if isinstance(value, dict | list):
        return Structure(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)


def without_structure(value: Value) -> Value:
    """Return a value, or None for a map or a list."""
    return None if isinstance(value, Structure) else value


def to_number(value: Value) -> float | None:
    """Return a value as a finite number, or None."""
    if isinstance(value, str):
        text = value.strip()
        found = float(text) if len(text) <= 400 and _NUMBER.fullmatch(text) else None
        return found if found is not None and isfinite(found) else None
    if value is None or isinstance(value, Structure):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def from_number(number: float) -> Value:
    """Return a number as a whole one if it is; None if it is not finite."""
    if not isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) <= MAX_EXACT else number


def is_true(value: Value) -> bool:
    """Return whether a value counts as true in a condition."""
    return value not in (None, 0, "", "0", "false")


def to_text(value: Value) -> str:
    """Return a value as a result shows it; a missing value is empty."""
    if value is None:
        return ""
    if isinstance(value, Instant):
        return format_time(value)
    if isinstance(value, Structure):
        return dumps(value.document)
    if isinstance(value, float):
        shown = f"{value:.{MAX_DECIMALS}f}".rstrip("0").rstrip(".")
        return "0" if shown == "-0" else shown
    return str(value)


def format_time(time: int) -> str:
    """Return a time in milliseconds since the epoch as results show it: `2026-11-29 16:00:00.000`."""
    moment = EPOCH + timedelta(milliseconds=min(max(time, 0), MAX_TIME))
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"


def is_equal(one: Value, other: Value) -> bool:
    """Return whether two values are equal, as numbers if both are; a missing value equals nothing."""
    one, other = without_structure(one), without_structure(other)
    if one is None or other is None:
        return False
    if isinstance(one, str) and isinstance(other, str) and one == other:
        return True
    first, second = to_number(one), to_number(other)
    if first is not None and second is not None:
        return first == second
    return to_text(one) == to_text(other)


def is_less(one: Value, other: Value) -> bool:
    """Return whether a value is less than another, as numbers if both are, otherwise as texts."""
    one, other = without_structure(one), without_structure(other)
    if one is None or other is None:
        return False
    first, second = to_number(one), to_number(other)
    if first is not None and second is not None:
        return first < second
    return to_text(one) < to_text(other)


def _is_unequal(one: Value, other: Value) -> bool:
    """Return whether values differ; comparing a map or a list "to any other fields results in false"."""
    return not (isinstance(one, Structure) or isinstance(other, Structure) or is_equal(one, other))


COMPARISONS: Mapping[str, Callable[[Value, Value], bool]] = {
    "=": is_equal,
    "!=": _is_unequal,
    "<": is_less,
    ">": lambda one, other: is_less(other, one),
    "<=": lambda one, other: is_less(one, other) or is_equal(one, other),
    ">=": lambda one, other: is_less(other, one) or is_equal(one, other),
}


def _divide(one: float, other: float) -> float | None:
    return one / other if other else None


def _remainder(one: float, other: float) -> float | None:
    return fmod(one, other) if other else None


def _power(one: float, other: float) -> float | None:
    try:
        result = one**other
    except (OverflowError, ZeroDivisionError):
        return None
    return result if isinstance(result, float) else None


_OPERATIONS: Mapping[str, Callable[[float, float], float | None]] = {
    "+": lambda one, other: one + other,
    "-": lambda one, other: one - other,
    "*": lambda one, other: one * other,
    "/": _divide,
    "%": _remainder,
    "^": _power,
}


def calculate(operator: str, one: Value, other: Value) -> Value:
    """Return the result of an arithmetic operation, or None if an operand is no number or there is no result."""
    first, second = to_number(one), to_number(other)
    if first is None or second is None:
        return None
    result = _OPERATIONS[operator](first, second)
    return None if result is None else from_number(result)


def sort_key(value: Value) -> tuple[int, float, str]:
    """Return the place of a value in an ascending order: missing values, then texts, then numbers.

    The order of texts is natural: "it orders non-numeric portions by their Unicode values, and it orders numeric
    portions by their length first and then by their numerical value":
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Sort.html.
    """
    if value is None:
        return (0, 0.0, "")
    number = to_number(value)
    return (2, number, "") if number is not None else (1, 0.0, _DIGITS.sub(_mark_length, to_text(value)))


def _mark_length(found: re.Match[str]) -> str:
    # The mark begins with a digit, so that digits compare with other characters as before.
    return f"0{chr(min(len(found[0]), _MAX_MARK))}{found[0]}"
