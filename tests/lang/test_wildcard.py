"""A wildcard pattern matches what the equivalent regular expression matches, in time linear in the text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.lang.wildcard import compile_pieces, split_wildcard

PATTERNS = st.text(alphabet="ab*", max_size=8)
TEXTS = st.text(alphabet="ab\n", max_size=10)


def _reference(pattern: str, single_character: str = "") -> "re.Pattern[str]":
    parts = (".*" if each == "*" else "." if each == single_character else re.escape(each) for each in pattern)
    return re.compile("".join(parts), re.DOTALL)


@given(PATTERNS, TEXTS)
def test_a_pattern_matches_what_its_regular_expression_matches(pattern: str, text: str) -> None:
    assert compile_pieces(pattern.split("*"))(text) is (_reference(pattern).fullmatch(text) is not None)


@given(st.text(alphabet="ab*?", max_size=8), TEXTS)
def test_a_question_mark_matches_any_one_character(pattern: str, text: str) -> None:
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
def test_a_backslash_escapes_an_asterisk(pattern: str, pieces: list[str]) -> None:
    assert split_wildcard(pattern) == pieces
