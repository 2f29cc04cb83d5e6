"""The values that a filter pattern of CloudWatch Logs compares with: text with wildcards, numbers, regular expressions.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html. Promises that no expression
takes longer than the text is long: regular expressions are RE2's. Refuses, as AWS does, what its expressions may not
hold (parentheses, characters of other alphabets).
"""

import re
from collections.abc import Callable

import re2

Test = Callable[[str | float], bool]
"""Whether a value, text or a number, is what the pattern asks for."""

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
PLAIN = re.compile(r"[A-Za-z0-9_]+")
ALLOWED = re.compile(r"[A-Za-z0-9:_#=@/;,\- ^$?\[\]{}|\\*+.]*")
"""What an expression may hold; by `\\xhh` it can ask for everything else."""
LARGEST_EXPRESSION = 1 << 20
"""Bytes that a compiled expression may take."""

_QUIET = re2.Options()
_QUIET.log_errors = False
_QUIET.max_mem = LARGEST_EXPRESSION

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


def invalid() -> InvalidPattern:
    """What AWS says where it says no more."""
    return InvalidPattern("Invalid filter pattern")


def expression(text: str) -> Callable[[str], bool]:
    """The test of an expression, given without its percent signs: whether it is found anywhere in a text."""
    if not ALLOWED.fullmatch(text):
        raise InvalidPattern(f"Invalid character(s) in term '{text}'")
    try:
        compiled = re2.compile(text, _QUIET)
    except re2.error:
        raise invalid() from None
    return lambda value: compiled.search(value) is not None


def text_test(text: str) -> Callable[[str], bool]:
    """The test of text in which an asterisk stands for any text."""
    if "*" not in text:
        return lambda value: value == text
    return _like(text.split("*"))


def _like(pieces: list[str]) -> Callable[[str], bool]:
    """Whether a text begins with the first piece, ends with the last, and has the others between them in order."""
    first, *middle, last = pieces

    def holds(value: str) -> bool:
        if not value.startswith(first):
            return False
        at = len(first)
        for piece in middle:
            at = value.find(piece, at)
            if at < 0:
                return False
            at += len(piece)
        return value.endswith(last) and len(value) - len(last) >= at

    return holds


def number(value: str | float) -> float | None:
    """A value as a number, if it is one."""
    if isinstance(value, str):
        return float(value) if NUMBER.fullmatch(value) else None
    return value


def shown(value: str | float) -> str:
    """A value as text: a whole number without a point."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def test(operator: str, operand: str) -> Test:
    """The test of a condition; the operand as it is written: quoted, between percent signs, or bare."""
    if operand.startswith("%"):
        return _textual(operator, expression(operand[1:-1]))
    if operand.startswith('"'):
        return _textual(operator, text_test(unquote(operand)))
    if NUMBER.fullmatch(operand):
        return _numeric(operator, float(operand))
    return _textual(operator, text_test(operand))


def _textual(operator: str, holds: Callable[[str], bool]) -> Test:
    if operator == "=":
        return lambda value: holds(shown(value))
    if operator == "!=":
        return lambda value: not holds(shown(value))
    raise invalid()


def _numeric(operator: str, operand: float) -> Test:
    compare = COMPARISONS[operator]

    def holds(value: str | float) -> bool:
        found = number(value)
        return operator == "!=" if found is None else compare(found, operand)

    return holds


def unquote(quoted: str) -> str:
    """Text without its quotes; a backslash before a quote or a backslash stands for nothing itself."""
    return re.sub(r'\\(["\\])', r"\1", quoted[1:-1])
