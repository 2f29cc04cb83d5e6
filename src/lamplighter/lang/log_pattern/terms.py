"""Compile the values with which a filter pattern compares: text with wildcards, numbers, regular expressions.

Guarantees that the time to match an expression grows only with the length of the text (`lang/regex.py`); a text that is
too long for an expression does not match. Like AWS, rejects characters that expressions must not contain (parentheses,
characters of other alphabets).
See https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html.
"""

import re
from collections.abc import Callable

from lamplighter.lang.regex import InvalidRegex, TextTooLong, compile_linear
from lamplighter.lang.wildcard import compile_pieces

ValueTest = Callable[[str | float], bool]
"""A test whether a value, a text or a number, meets a condition."""

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
PLAIN_WORD = re.compile(r"[A-Za-z0-9_]+")
ALLOWED_CHARACTERS = re.compile(r"[A-Za-z0-9:_#=@/;,\- ^$?\[\]{}|\\*+.]*")
r"""The characters that an expression may contain; `\xhh` can stand for any other character."""

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
    ">=": lambda one, other: one >= other,
    "<=": lambda one, other: one <= other,
}


class LogPatternError(ValueError):
    """An invalid filter pattern; str() is AWS's message."""


def log_pattern_error() -> LogPatternError:
    """Return the error with AWS's general message, which states no reason."""
    return LogPatternError("Invalid filter pattern")


def compile_regex(text: str) -> Callable[[str], bool]:
    """Compile an expression, given without its percent signs, to a test whether it matches anywhere in a text."""
    if not ALLOWED_CHARACTERS.fullmatch(text):
        raise LogPatternError(f"Invalid character(s) in term '{text}'")
    try:
        compiled = compile_linear(text)
    except InvalidRegex:
        raise log_pattern_error() from None

    def matches(value: str) -> bool:
        try:
            return compiled.search(value)
        except TextTooLong:
            return False

    return matches


def compile_wildcards(text: str) -> Callable[[str], bool]:
    """Compile a text in which an asterisk stands for any text to a test of a whole text."""
    return compile_pieces(text.split("*"))


def parse_number(value: str | float) -> float | None:
    """Return a value as a number, or None if it is not a number."""
    if isinstance(value, str):
        return float(value) if NUMBER.fullmatch(value) else None
    return value


def format_log_value(value: str | float) -> str:
    """Return a value as text; a whole number has no decimal point."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def compile_condition(operator: str, operand: str) -> ValueTest:
    """Compile a condition. The operand is given as it is written: quoted, between percent signs, or bare."""
    if operand.startswith("%"):
        return _text_test(operator, compile_regex(operand[1:-1]))
    if operand.startswith('"'):
        return _text_test(operator, compile_wildcards(unquote(operand)))
    if NUMBER.fullmatch(operand):
        return _number_test(operator, float(operand))
    return _text_test(operator, compile_wildcards(operand))


def _text_test(operator: str, holds: Callable[[str], bool]) -> ValueTest:
    if operator == "=":
        return lambda value: holds(format_log_value(value))
    if operator == "!=":
        return lambda value: not holds(format_log_value(value))
    raise log_pattern_error()


def _number_test(operator: str, operand: float) -> ValueTest:
    compare = COMPARISONS[operator]

    def holds(value: str | float) -> bool:
        found = parse_number(value)
        return operator == "!=" if found is None else compare(found, operand)

    return holds


def unquote(quoted: str) -> str:
    """Return the text inside quotation marks, without the backslashes that escape `"` and backslashes."""
    return re.sub(r'\\(["\\])', r"\1", quoted[1:-1])
