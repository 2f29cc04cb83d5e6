"""The values that a filter pattern of CloudWatch Logs compares with: text with wildcards, numbers, regular expressions.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html. Promises that no expression
takes longer than the text is long (`lang/regex.py`); what is too long for an expression does not match it.
Refuses, as AWS does, what its expressions may not hold (parentheses, characters of other alphabets).
"""

import re
from collections.abc import Callable

from lamplighter.lang.regex import InvalidRegex, TextTooLong, compile_linear
from lamplighter.lang.wildcard import compile_pieces

Test = Callable[[str | float], bool]
"""Whether a value, text or a number, is what the pattern asks for."""

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
PLAIN = re.compile(r"[A-Za-z0-9_]+")
ALLOWED = re.compile(r"[A-Za-z0-9:_#=@/;,\- ^$?\[\]{}|\\*+.]*")
"""What an expression may hold; by `\\xhh` it can ask for everything else."""

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
    ">=": lambda one, other: one >= other,
    "<=": lambda one, other: one <= other,
}


class InvalidPattern(ValueError):
    """The pattern is none; str() is AWS's message."""


def invalid_pattern() -> InvalidPattern:
    """What AWS says where it says no more."""
    return InvalidPattern("Invalid filter pattern")


def compile_regex(text: str) -> Callable[[str], bool]:
    """The test of an expression, given without its percent signs: whether it is found anywhere in a text."""
    if not ALLOWED.fullmatch(text):
        raise InvalidPattern(f"Invalid character(s) in term '{text}'")
    try:
        compiled = compile_linear(text)
    except InvalidRegex:
        raise invalid_pattern() from None

    def found(value: str) -> bool:
        try:
            return compiled.search(value)
        except TextTooLong:
            return False

    return found


def compile_text(text: str) -> Callable[[str], bool]:
    """The test of text in which an asterisk stands for any text."""
    return compile_pieces(text.split("*"))


def parse_number(value: str | float) -> float | None:
    """A value as a number, if it is one."""
    if isinstance(value, str):
        return float(value) if NUMBER.fullmatch(value) else None
    return value


def format_value(value: str | float) -> str:
    """A value as text: a whole number without a point."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def compile_test(operator: str, operand: str) -> Test:
    """The test of a condition; the operand as it is written: quoted, between percent signs, or bare."""
    if operand.startswith("%"):
        return _textual(operator, compile_regex(operand[1:-1]))
    if operand.startswith('"'):
        return _textual(operator, compile_text(unquote(operand)))
    if NUMBER.fullmatch(operand):
        return _numeric(operator, float(operand))
    return _textual(operator, compile_text(operand))


def _textual(operator: str, holds: Callable[[str], bool]) -> Test:
    if operator == "=":
        return lambda value: holds(format_value(value))
    if operator == "!=":
        return lambda value: not holds(format_value(value))
    raise invalid_pattern()


def _numeric(operator: str, operand: float) -> Test:
    compare = COMPARISONS[operator]

    def holds(value: str | float) -> bool:
        found = parse_number(value)
        return operator == "!=" if found is None else compare(found, operand)

    return holds


def unquote(quoted: str) -> str:
    """Text without its quotes; a backslash before a quote or a backslash stands for nothing itself."""
    return re.sub(r'\\(["\\])', r"\1", quoted[1:-1])
