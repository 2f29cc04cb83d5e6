"""Parse numbers in the spellings that Python shares with other languages.

Rejects the spellings that only Python accepts: underscores (`1_0`), digits that are not ASCII, and words for infinity
and NaN. Also rejects decimals that are too large for a double. White space around a number is allowed.
"""

from math import isfinite

INTEGERS = {"integer": range(-(2**31), 2**31), "long": range(-(2**63), 2**63)}
"""The values of Smithy's types of whole numbers: see https://smithy.io/2.0/spec/simple-types.html."""


def parse_integer(text: str) -> int:
    """Parse a whole number. Raises ValueError."""
    return int(_check_spelling(text))


def parse_decimal(text: str) -> float:
    """Parse a decimal number. Raises ValueError."""
    value = float(_check_spelling(text))
    if not isfinite(value):
        raise ValueError(f"{text} is not a finite number")
    return value


def _check_spelling(text: str) -> str:
    if "_" in text or not text.isascii():
        raise ValueError(f"{text} is not a number")
    return text
