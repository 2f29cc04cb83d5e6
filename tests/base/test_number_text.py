"""Numbers are parsed as other languages parse them; spellings that only Python accepts are rejected."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.number_text import java_double, parse_decimal, parse_integer


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers())
def test_the_text_of_a_number_is_parsed_as_that_number(decimal: float, whole: int) -> None:
    assert parse_decimal(repr(decimal)) == decimal
    assert parse_integer(str(whole)) == whole


@pytest.mark.parametrize("text", ["1_0", "\u0661", "", "x", "0x1"])
def test_a_spelling_that_only_python_knows_is_rejected(text: str) -> None:
    for parse in (parse_decimal, parse_integer):
        with pytest.raises(ValueError, match=r"number|literal|float"):
            parse(text)


@pytest.mark.parametrize("text", ["inf", "Infinity", "nan", "NaN", "1e400"])
def test_a_decimal_that_is_not_finite_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        parse_decimal(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (21, "21.0"), (21.5, "21.5"), (0.0, "0.0"), (-0.0, "-0.0"), (1e7, "1.0E7"), (9999999.5, "9999999.5"),
        (1e10, "1.0E10"), (12345678, "1.2345678E7"), (0.001, "0.001"), (0.00012, "1.2E-4"), (-2.5e-7, "-2.5E-7"),
        (math.nan, "NaN"), (-math.inf, "-Infinity"),
    ],
)  # fmt: skip
def test_a_double_is_written_as_java_writes_it(value: float, text: str) -> None:
    assert java_double(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_double_is_that_double(value: float) -> None:
    assert float(java_double(value)) == value
