"""Parse numbers in the spellings that Python shares with other languages, and write doubles as Java does.

Rejects the spellings that only Python accepts: underscores (`1_0`), digits that are not ASCII, and words for infinity
and NaN. Also rejects decimals that are too large for a double. White space around a number is allowed.
"""

from decimal import Decimal
from math import isfinite, isnan

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


def java_double(value: float) -> str:
    """Return a double as Java's `Double.toString` writes it, as AWS's texts do: `21.0`, `1.0E10`, `NaN`."""
    if not isfinite(value):
        return "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return _plain_decimal(value)
    digits, _, exponent = repr(float(value)).partition("e")
    sign = "-" if digits.startswith("-") else ""
    whole, _, fraction = digits.removeprefix("-").partition(".")
    fraction = "" if fraction == "0" else fraction
    power = int(exponent or 0) + len(whole) - 1
    figures = (whole + fraction).lstrip("0")
    if whole == "0":
        power = -(len(fraction) - len(fraction.lstrip("0")) + 1)
    return f"{sign}{figures[0]}.{figures[1:].rstrip('0') or '0'}E{power}"


def _plain_decimal(value: float) -> str:
    text = repr(float(value))
    return text if "e" not in text else f"{Decimal(text):f}"
