"""Numbers are parsed as other languages parse them; spellings that only Python accepts are rejected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.number_text import parse_decimal, parse_integer


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
