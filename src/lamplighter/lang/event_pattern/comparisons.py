"""Compile the comparisons that an event pattern makes with one value.

Guarantees a predicate for each comparison of EventBridge, compiled once from its JSON. Rejects an invalid comparison
with AWS's message. A value is a leaf of an event: text, number, true, false or null.
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html. The messages are those of
https://github.com/aws/event-ruler, the engine that EventBridge runs.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.lang.event_pattern.wildcard import InvalidWildcard, compile_wildcard

Predicate = Callable[[Json], bool]
Path = tuple[str | int, ...]
Address = IPv4Address | IPv6Address

MAX_NUMBER = 5_000_000_000
"""The largest number that a pattern compares: "between -5.0e9 and 5.0e9, inclusive"."""
ONLY_ONE_KEY = "Only one key allowed in match expression"
TOO_MANY_NUMERIC_ELEMENTS = "Too many elements in numeric expression"
IPV4 = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+")
MAX_IPV4_LENGTH = len("255.255.255.255")
INTEGER = re.compile("([+-]?)0*([0-9]{1,10})")
IPV6 = re.compile(r"[0-9a-fA-F:]*:[0-9a-fA-F:]*")
NUMERIC_OPERATORS: Mapping[str, Callable[[Json, Json], bool]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class PatternToken(Enum):
    """The last token that the parser had read when it found the error."""

    VALUE = "value"
    """The first token of a value: its bracket, quotation mark or whole number. Errors in names are found here, too."""
    STRING_END = "text"
    """The end of a string."""
    END = "end"
    """The bracket that closes a value."""


@dataclass(frozen=True, slots=True)
class PatternPosition:
    """The position in a pattern at which the parser finds an error."""

    path: Path
    token: PatternToken = PatternToken.VALUE
    repeats: int = 1
    """How often AWS's message states the position: twice for errors in some lists, and not at all for some errors."""


class EventPatternError(LamplighterError):
    """An invalid event pattern; str() is AWS's reason."""

    def __init__(self, reason: str, position: PatternPosition | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


def compile_comparison(value: Json, at: Path) -> Predicate:
    """Compile one entry of a field's list to a predicate; `pattern.py` handles the entry `exists`."""
    if isinstance(value, dict):
        name, given, inner = only_member(value, at)
        compiler = COMPARISONS.get(name)
        if compiler is None:
            raise EventPatternError(f"Unrecognized match type {name}", PatternPosition(inner))
        predicate = compiler(given, inner)
        require_only_member(
            value, at, TOO_MANY_NUMERIC_ELEMENTS if name in ("numeric", "anything-but") else ONLY_ONE_KEY
        )
        return predicate
    if isinstance(value, list):
        raise EventPatternError("Match value must be String, number, true, false, or null", PatternPosition(at))
    return _equals(value)


def only_member(value: Json, at: Path, kind: str = "Match") -> tuple[str, Json, Path]:
    """Return the name, value and path of an expression's first member, which should be its only one."""
    if not value:
        raise EventPatternError(f"{kind} expression name not found", PatternPosition(at, PatternToken.END))
    name, given = next(iter(value.items()))
    return name, given, (*at, name)


def require_only_member(expression: Json, at: Path, reason: str = ONLY_ONE_KEY) -> None:
    """Raise `EventPatternError` if an expression has a second member; its first one is valid."""
    if len(expression) > 1:
        raise EventPatternError(reason, PatternPosition((*at, list(expression)[1])))


def is_number(value: Json) -> bool:
    """Return whether a JSON value is a number. Python's True and False are numbers, JSON's are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


# --- equality ---------------------------------------------------------------------------------------------------------


def _equals(expected: Json) -> Predicate:
    if isinstance(expected, str):
        address = _parse_address(expected)
        if address is not None:
            return lambda value: isinstance(value, str) and (value == expected or _parse_address(value) == address)
    if isinstance(expected, str) or is_number(expected):
        return _equals_as_text(expected)
    return lambda value: value is expected


def _equals_as_text(expected: Json) -> Predicate:
    """Return a test for equality that does not treat a text as an IP address."""
    if isinstance(expected, str):
        return lambda value: isinstance(value, str) and value == expected
    return lambda value: is_number(value) and value == expected


def is_plain_text(text: str) -> bool:
    """Return whether a text in a pattern is compared character by character; an IP address may have other spellings."""
    return _parse_address(text) is None


def _compile_exactly(given: Json, at: Path) -> Predicate:
    return _equals_as_text(_require_text(given, at, "exact"))


def _equals_ignore_case(given: Json, at: Path) -> Predicate:
    expected = _require_text(given, at, "equals-ignore-case").lower()
    return lambda value: isinstance(value, str) and value.lower() == expected


def _require_text(given: Json, at: Path, kind: str) -> str:
    if not isinstance(given, str):
        raise EventPatternError(f"{kind} match pattern must be a string", PatternPosition(at))
    return given


# --- ends of text -----------------------------------------------------------------------------------------------------


def _compile_prefix_or_suffix(kind: str, test: Callable[[str, str], bool]) -> Callable[[Json, Path], Predicate]:
    """Return the compiler of `prefix` or `suffix`; both can ignore case."""

    def compiler(given: Json, at: Path) -> Predicate:
        if not isinstance(given, dict):
            expected = _require_text(given, at, kind)
            return lambda value: isinstance(value, str) and test(value, expected)
        name, inner, place = only_member(given, at, kind.capitalize())
        if name != "equals-ignore-case":
            raise EventPatternError(f"Unsupported {kind} pattern: {name}", PatternPosition(place))
        lower = _require_text(inner, place, "equals-ignore-case").lower()
        require_only_member(given, at)
        return lambda value: isinstance(value, str) and test(value.lower(), lower)

    return compiler


def _wildcard(given: Json, at: Path) -> Predicate:
    pattern = _require_text(given, at, "wildcard")
    return _wildcard_predicate(pattern, PatternPosition(at, PatternToken.STRING_END))


def _wildcard_predicate(text: str, position: PatternPosition) -> Predicate:
    try:
        matches = compile_wildcard(text)
    except InvalidWildcard as error:
        raise EventPatternError(str(error), position if error.located else None) from None
    return lambda value: isinstance(value, str) and matches(value)


# --- numbers ----------------------------------------------------------------------------------------------------------


def _numeric(given: Json, at: Path) -> Predicate:
    """Compile `numeric`: `["=", 5]`, one bound, or a lower and an upper bound, as in `[">", 0, "<=", 5]`.

    AWS checks the size of the numbers only after it has read the whole list.
    """
    if not isinstance(given, list):
        raise EventPatternError("Value of numeric must be an array.", PatternPosition(at))
    if not given or not isinstance(given[0], str):
        raise EventPatternError(
            f"Invalid member in numeric match: {_describe_first(given[:1])}", _member_position(at, given, 0)
        )
    sign, end = given[0], PatternPosition(at, PatternToken.END)
    if sign not in NUMERIC_OPERATORS:
        raise EventPatternError(f"Unrecognized numeric range operator: {sign}", _member_position(at, given, 1))
    bound = _require_number(given, 1, "equals" if sign == "=" else sign, at)
    test = NUMERIC_OPERATORS[sign]
    if len(given) == 2 or sign in ("=", "<", "<="):
        _check_length(given, 2, at, TOO_MANY_NUMERIC_ELEMENTS)
        _check_range(bound, end)
        return lambda value: is_number(value) and test(value, bound)
    return _between(given, at, test, bound)


def _between(given: Json, at: Path, test: Callable[[Json, Json], bool], bottom: Json) -> Predicate:
    if not isinstance(given[2], str):
        raise EventPatternError(
            f"Bad value in numeric range: {_describe_first(given[2:3])}", _member_position(at, given, 2)
        )
    sign = given[2]
    if sign not in ("<", "<="):
        raise EventPatternError(
            f"Bad numeric range operator: {sign}", PatternPosition((*at, 2), PatternToken.STRING_END)
        )
    top = _require_number(given, 3, sign, at)
    _check_length(given, 4, at, "Too many terms in numeric range expression")
    end = PatternPosition(at, PatternToken.END)
    if bottom >= top:
        raise EventPatternError("Bottom must be less than top", end)
    _check_range(bottom, end)
    _check_range(top, end)
    below = NUMERIC_OPERATORS[sign]
    return lambda value: is_number(value) and test(value, bottom) and below(value, top)


def _require_number(given: Json, index: int, sign: str, at: Path) -> Json:
    if index >= len(given) or not is_number(given[index]):
        raise EventPatternError(f"Value of {sign} must be numeric", _member_position(at, given, index))
    return given[index]


def _check_range(number: Json, position: PatternPosition) -> None:
    if not -MAX_NUMBER <= number <= MAX_NUMBER:
        raise EventPatternError("Value must be between -5.0E9 and 5.0E9, inclusive", position)


def _check_length(given: Json, most: int, at: Path, reason: str) -> None:
    if len(given) > most:
        raise EventPatternError(reason, _member_position(at, given, most))


def _member_position(at: Path, given: Json, index: int) -> PatternPosition:
    return PatternPosition((*at, index)) if index < len(given) else PatternPosition(at, PatternToken.END)


def _describe_first(members: Json) -> str:
    """Return how a message names a misplaced member, or the closing bracket if there is none."""
    if not members:
        return "]"
    words = {True: "true", False: "false", None: "null"}
    value = members[0]
    if isinstance(value, (dict, list)):
        return "{" if isinstance(value, dict) else "["
    return words[value] if value is None or isinstance(value, bool) else str(value)


# --- addresses --------------------------------------------------------------------------------------------------------


def _cidr(given: Json, at: Path) -> Predicate:
    """Compile `cidr`: the addresses from the one that is named to the last one of its network."""
    block = _require_text(given, at, "prefix")  # sic: AWS's word
    try:
        first, bits = _parse_block(block)
    except EventPatternError as error:
        raise EventPatternError(error.reason, PatternPosition(at, PatternToken.STRING_END, repeats=0)) from None
    bottom, top = int(first), int(first) | ((1 << (first.max_prefixlen - bits)) - 1)

    def within(value: Json) -> bool:
        address = _parse_address(value) if isinstance(value, str) else None
        return address is not None and address.version == first.version and bottom <= int(address) <= top

    return within


def _parse_block(text: str) -> tuple[Address, int]:
    """Return the first address of a block and the number of bits that all its addresses share.

    Slashes at the end are ignored.
    """
    parts = text.rstrip("/").split("/")
    if len(parts) != 2:
        raise EventPatternError("Malformed CIDR, one '/' required")
    integer = INTEGER.fullmatch(parts[1])
    bits = int(integer[1] + integer[2]) if integer else MAX_NUMBER
    if not -(2**31) <= bits < 2**31:
        raise EventPatternError("Malformed CIDR, mask bits must be an integer")
    if bits < 0:
        raise EventPatternError("Malformed CIDR, mask bits must not be negative")
    if not (IPV4.fullmatch(parts[0]) or IPV6.fullmatch(parts[0])):
        raise EventPatternError(f"Nonstandard IP address: {parts[0]}")
    first = _parse_address(parts[0])
    if first is None:
        raise EventPatternError(f"Invalid IP address: {parts[0]}")
    if bits >= first.max_prefixlen:
        raise EventPatternError(f"IPv{first.version} mask bits must be < {first.max_prefixlen}")
    return first, bits


def _parse_address(text: str) -> Address | None:
    """Parse an IP address, or return None. An IPv6 address that stands for an IPv4 address becomes that one."""
    if IPV4.fullmatch(text):
        numbers = [int(part) for part in text.split(".")] if len(text) <= MAX_IPV4_LENGTH else [256]
        return IPv4Address(bytes(numbers)) if max(numbers) < 256 else None
    if not IPV6.fullmatch(text):
        return None
    try:
        found = IPv6Address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found


# --- anything but -----------------------------------------------------------------------------------------------------


def _anything_but(given: Json, at: Path) -> Predicate:
    if isinstance(given, dict):
        name, inner, place = only_member(given, at, "Anything-But")
        if name not in ANYTHING_BUT:
            raise EventPatternError(f"Unsupported anything-but pattern: {name}", PatternPosition(place))
        excluded = _compile_excluded(inner, place, name)
        require_only_member(given, at, TOO_MANY_NUMERIC_ELEMENTS)
        return lambda value: not any(test(value) for test in excluded)
    if not isinstance(given, list):
        _require_listable(given, at)
        if is_number(given):
            _check_range(given, PatternPosition(at, repeats=0))
        unwanted = _equals_as_text(given)
        return lambda value: not unwanted(value)
    return _anything_but_list(given, at)


def _anything_but_list(given: Json, at: Path) -> Predicate:
    for index, each in enumerate(given):
        if not isinstance(each, str) and not is_number(each):
            position = PatternPosition((*at, index), repeats=2)
            raise EventPatternError("Inside anything but list, start|null|boolean is not supported.", position)
        if is_number(each):
            _check_range(each, PatternPosition((*at, index)))
    if len({isinstance(each, str) for each in given}) != 1:
        reason = "Inside anything but list, either all values are number or string, mixed type is not supported"
        raise EventPatternError(reason, PatternPosition(at, PatternToken.END))
    unwanted, kind = frozenset(given), isinstance(given[0], str)
    return lambda value: not ((isinstance(value, str) if kind else is_number(value)) and value in unwanted)


def _compile_excluded(given: Json, at: Path, name: str) -> list[Predicate]:
    """Compile the texts that an `anything-but` excludes by another comparison: one text, or a list."""
    _require_listable(given, at)
    compiler, reason = ANYTHING_BUT[name]
    texts = given if isinstance(given, list) else [given]
    found = []
    for index, text in enumerate(texts):
        path, repeats = ((*at, index), 2) if isinstance(given, list) else (at, 1)
        if not isinstance(text, str):
            raise EventPatternError(reason, PatternPosition(path, repeats=repeats))
        if not text and name in ("prefix", "suffix"):
            raise EventPatternError(
                "Null prefix/suffix not allowed", PatternPosition(path, PatternToken.STRING_END, repeats)
            )
        if name != "wildcard":
            found.append(compiler(text, path))
    if name == "wildcard":
        # AWS parses the wildcards only after it has read the whole list.
        position = PatternPosition(at, PatternToken.END if isinstance(given, list) else PatternToken.STRING_END)
        found = [_wildcard_predicate(text, position) for text in texts]
    return found


def _require_listable(given: Json, at: Path) -> None:
    if not isinstance(given, (str, list)) and not is_number(given):
        raise EventPatternError(
            "Value of anything-but must be an array or single string/number value.", PatternPosition(at)
        )


COMPARISONS: Mapping[str, Callable[[Json, Path], Predicate]] = {
    "exactly": _compile_exactly,
    "prefix": _compile_prefix_or_suffix("prefix", str.startswith),
    "suffix": _compile_prefix_or_suffix("suffix", str.endswith),
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
    "numeric": _numeric,
    "cidr": _cidr,
    "anything-but": _anything_but,
}
PREFIX_OR_SUFFIX_REASON = "prefix/suffix match pattern must be a string"
ANYTHING_BUT: Mapping[str, tuple[Callable[[Json, Path], Predicate], str]] = {
    "prefix": (COMPARISONS["prefix"], PREFIX_OR_SUFFIX_REASON),
    "suffix": (COMPARISONS["suffix"], PREFIX_OR_SUFFIX_REASON),
    "wildcard": (COMPARISONS["wildcard"], "wildcard match pattern must be a string"),
    "equals-ignore-case": (
        COMPARISONS["equals-ignore-case"],
        "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
    ),
}
