"""Provide the functions that queries apply to the values of one event.

Guarantees that each takes time in proportion to its arguments and raises nothing for any value. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html.
"""

import math
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal

from lamplighter.lang.log_query.address_functions import ADDRESS_FUNCTIONS
from lamplighter.lang.log_query.date_functions import DATE_FUNCTIONS
from lamplighter.lang.log_query.encoding_functions import ENCODING_FUNCTIONS
from lamplighter.lang.log_query.function import Function, Values
from lamplighter.lang.log_query.json_functions import JSON_FUNCTIONS
from lamplighter.lang.log_query.values import Instant, Value, from_number, is_true, to_number, to_text

EARTH_RADIUS_KM = 6371.0088
"""The mean radius of the Earth."""
MAX_ROUNDED = 15
"""The most decimals to which `round` rounds."""
MAX_TEXT = 1_048_576
"""The most characters of a text that a function makes: as many as an event may have."""


def _numeric(calculate: Callable[[float], float]) -> Function:
    def apply(values: Values) -> Value:
        number = to_number(values[0])
        try:
            return None if number is None else from_number(float(calculate(number)))
        except (ValueError, OverflowError):
            return None

    return Function(apply, 1, 1)


def _textual(change: Callable[[str], Value]) -> Function:
    return Function(lambda values: None if values[0] is None else change(to_text(values[0])), 1, 1)


def _extreme(choose: Callable[[list[float]], float]) -> Function:
    def apply(values: Values) -> Value:
        numbers = [number for number in map(to_number, values) if number is not None]
        return from_number(choose(numbers)) if numbers else None

    return Function(apply, 1, 64)


def _coalesce(values: Values) -> Value:
    return next((value for value in values if value is not None), None)


def _substring(values: Values) -> Value:
    start = to_number(values[1])
    length = to_number(values[2]) if len(values) > 2 else MAX_TEXT
    if values[0] is None or start is None or length is None or start < 0 or length < 0:
        return None
    return to_text(values[0])[int(start) : int(start) + int(length)]


def _replace(values: Values) -> Value:
    text, old, new = (to_text(value) for value in values)
    if not old:
        return text
    if len(text) + text.count(old) * len(new) > MAX_TEXT:
        return None
    return text.replace(old, new)


def _concat(values: Values) -> Value:
    return "".join(to_text(value) for value in values)[:MAX_TEXT]


def _contains(values: Values) -> Value:
    if values[0] is None:
        return 0
    text, part = to_text(values[0]), to_text(values[1])
    if len(values) > 2 and is_true(values[2]):
        return int(part.casefold() in text.casefold())
    return int(part in text)


def _between_texts(test: Callable[[str, str], bool]) -> Function:
    return Function(lambda values: int(values[0] is not None and test(to_text(values[0]), to_text(values[1]))), 2, 2)


def _round(values: Values) -> Value:
    number, decimals = to_number(values[0]), to_number(values[1]) if len(values) > 1 else 0.0
    if number is None or decimals is None or abs(decimals) > MAX_ROUNDED:
        return None
    exact = Decimal(repr(number))
    if abs(exact) >= 10 ** (MAX_ROUNDED + 2):
        return from_number(number)
    return from_number(float(exact.quantize(Decimal(1).scaleb(-int(decimals)), ROUND_HALF_UP)))


def _haversine(values: Values) -> Value:
    degrees = [to_number(value) for value in values]
    if None in degrees:
        return None
    south, west, north, east = (math.radians(each or 0.0) for each in degrees)
    half = math.sin((north - south) / 2) ** 2
    half += math.cos(south) * math.cos(north) * math.sin((east - west) / 2) ** 2
    return from_number(2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, half))))


def _to_number(value: Value) -> Value:
    number = to_number(value)
    return None if number is None else from_number(number)


def _whole(limit: int) -> Function:
    """Return a function that cuts off decimals; a number that does not fit is missing."""

    def apply(values: Values) -> Value:
        number = to_number(values[0])
        return int(number) if number is not None and -limit <= int(number) < limit else None

    return Function(apply, 1, 1)


def _case(values: Values) -> Value:
    """Return the value of the first condition that is true, or what follows the last pair."""
    for condition, value in zip(values[::2], values[1::2], strict=False):
        if is_true(condition):
            return value
    return values[-1] if len(values) % 2 else None


def _trim(strip: Callable[[str, str | None], str]) -> Function:
    def apply(values: Values) -> Value:
        if values[0] is None:
            return None
        return strip(to_text(values[0]), to_text(values[1]) if len(values) > 1 else None)

    return Function(apply, 1, 2)


def _from_millis(values: Values) -> Value:
    number = to_number(values[0])
    return None if number is None else Instant(number)


def _to_millis(values: Values) -> Value:
    number = to_number(values[0])
    return None if number is None else int(number)


FUNCTIONS: Mapping[str, Function] = {
    "abs": _numeric(abs),
    "ceil": _numeric(math.ceil),
    "floor": _numeric(math.floor),
    "log": _numeric(math.log),
    "sqrt": _numeric(math.sqrt),
    "greatest": _extreme(max),
    "least": _extreme(min),
    "ispresent": Function(lambda values: int(values[0] is not None), 1, 1, takes_structures=True),
    "isempty": Function(lambda values: int(values[0] in (None, "")), 1, 1),
    "isblank": Function(lambda values: int(not to_text(values[0]).strip()), 1, 1),
    "coalesce": Function(_coalesce, 1, 64, takes_structures=True),
    "concat": Function(_concat, 1, 64),
    "strlen": _textual(len),
    "toupper": _textual(str.upper),
    "tolower": _textual(str.lower),
    "trim": _trim(str.strip),
    "ltrim": _trim(str.lstrip),
    "rtrim": _trim(str.rstrip),
    "substr": Function(_substring, 2, 3),
    "replace": Function(_replace, 3, 3),
    "strcontains": Function(_contains, 2, 3),
    "frommillis": Function(_from_millis, 1, 1),
    "tomillis": Function(_to_millis, 1, 1),
    "round": Function(_round, 1, 2),
    "haversine": Function(_haversine, 4, 4),
    "tonumber": Function(lambda values: _to_number(values[0]), 1, 1),
    "todouble": Function(lambda values: _to_number(values[0]), 1, 1),
    "toint": _whole(2**31),
    "tolong": _whole(2**63),
    "if": Function(lambda values: values[1] if is_true(values[0]) else values[2], 3, 3, takes_structures=True),
    "case": Function(_case, 2, 21, takes_structures=True),
    "isnumeric": Function(lambda values: int(to_number(values[0]) is not None), 1, 1),
    "messagesize": _textual(lambda text: len(text.encode(errors="replace"))),
    "startswith": _between_texts(str.startswith),
    "endswith": _between_texts(str.endswith),
    **ADDRESS_FUNCTIONS,
    **DATE_FUNCTIONS,
    **ENCODING_FUNCTIONS,
    **JSON_FUNCTIONS,
}
"""The functions by their names in lower case."""
