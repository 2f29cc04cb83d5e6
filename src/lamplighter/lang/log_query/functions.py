"""Provide the functions that queries apply to the values of one event.

Guarantees that each takes time in proportion to its arguments and raises nothing for any value. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from lamplighter.lang.log_query.values import Instant, Value, from_number, to_number, to_text

MAX_TEXT = 1_048_576
"""The most characters of a text that a function makes: as many as an event may have."""

Values = Sequence[Value]


@dataclass(frozen=True, slots=True)
class Function:
    """A function, and how many arguments it takes."""

    apply: Callable[[Values], Value]
    least: int
    most: int


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
    return int(values[0] is not None and to_text(values[1]) in to_text(values[0]))


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


Address = IPv4Address | IPv6Address


def _address(value: Value) -> Address | None:
    try:
        return ip_address(to_text(value))
    except ValueError:
        return None


def _is_address(kind: type[IPv4Address] | type[IPv6Address] | None) -> Function:
    def apply(values: Values) -> Value:
        found = _address(values[0])
        return int(found is not None and (kind is None or isinstance(found, kind)))

    return Function(apply, 1, 1)


def _is_in_subnet(kind: type[IPv4Network] | type[IPv6Network] | None) -> Function:
    def apply(values: Values) -> Value:
        found = _address(values[0])
        try:
            network = ip_network(to_text(values[1]), strict=False)
        except ValueError:
            return 0
        fits = kind is None or isinstance(network, kind)
        return int(fits and found is not None and found.version == network.version and found in network)

    return Function(apply, 2, 2)


FUNCTIONS: Mapping[str, Function] = {
    "abs": _numeric(abs),
    "ceil": _numeric(math.ceil),
    "floor": _numeric(math.floor),
    "log": _numeric(math.log),
    "sqrt": _numeric(math.sqrt),
    "greatest": _extreme(max),
    "least": _extreme(min),
    "ispresent": Function(lambda values: int(values[0] is not None), 1, 1),
    "isempty": Function(lambda values: int(values[0] in (None, "")), 1, 1),
    "isblank": Function(lambda values: int(not to_text(values[0]).strip()), 1, 1),
    "coalesce": Function(_coalesce, 1, 64),
    "concat": Function(_concat, 1, 64),
    "strlen": _textual(len),
    "toupper": _textual(str.upper),
    "tolower": _textual(str.lower),
    "trim": _trim(str.strip),
    "ltrim": _trim(str.lstrip),
    "rtrim": _trim(str.rstrip),
    "substr": Function(_substring, 2, 3),
    "replace": Function(_replace, 3, 3),
    "strcontains": Function(_contains, 2, 2),
    "frommillis": Function(_from_millis, 1, 1),
    "tomillis": Function(_to_millis, 1, 1),
    "isvalidip": _is_address(None),
    "isvalidipv4": _is_address(IPv4Address),
    "isvalidipv6": _is_address(IPv6Address),
    "isipinsubnet": _is_in_subnet(None),
    "isipv4insubnet": _is_in_subnet(IPv4Network),
    "isipv6insubnet": _is_in_subnet(IPv6Network),
}
"""The functions by their names in lower case."""
