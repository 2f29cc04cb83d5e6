"""Wildcards mean the same as the expression that they stand for, and cost no more than the text is long."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.lang.wildcard import compile_pieces, split_wildcard

PATTERNS = st.text(alphabet="ab*", max_size=8)
TEXTS = st.text(alphabet="ab\n", max_size=10)


def _reference(pattern: str, any_one: str = "") -> "re.Pattern[str]":
    spelt = (".*" if each == "*" else "." if each == any_one else re.escape(each) for each in pattern)
    return re.compile("".join(spelt), re.DOTALL)


@given(PATTERNS, TEXTS)
def test_it_matches_what_its_expression_matches(pattern: str, text: str) -> None:
    assert compile_pieces(pattern.split("*"))(text) is (_reference(pattern).fullmatch(text) is not None)


@given(st.text(alphabet="ab*?", max_size=8), TEXTS)
def test_a_question_mark_is_any_one_character(pattern: str, text: str) -> None:
    matches = compile_pieces(pattern.split("*"), single=True)
    assert matches(text) is (_reference(pattern, "?").fullmatch(text) is not None)


@pytest.mark.parametrize(
    ("pattern", "pieces"),
    [
        ("", [""]),
        ("a*b", ["a", "b"]),
        (r"a\*b", ["a*b"]),
        (r"\\*", ["\\", ""]),
        (r"\a", [r"\a"]),
        ("a\\", ["a\\"]),
        (r"\\\*", ["\\*"]),
        ("**", ["", "", ""]),
    ],
)
def test_a_backslash_takes_the_meaning_from_an_asterisk(pattern: str, pieces: list[str]) -> None:
    assert split_wildcard(pattern) == pieces
