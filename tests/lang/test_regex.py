"""Regular expressions of users: Java's dialect as far as RE2 supports it, and a limit on the length of a text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.lang.regex import MAX_WORK, InvalidRegex, TextTooLong, compile_java, compile_linear

PIECES = st.sampled_from(["a", "b", ".", "a*", "b+", "(ab)?", "(?:a|b)", "[ab]", "[^a]", r"\d", "(a|b)*"])


@given(st.lists(PIECES, max_size=5).map("".join), st.text(alphabet="ab1", max_size=8))
def test_a_regex_matches_what_a_backtracking_engine_matches(pattern: str, text: str) -> None:
    assert compile_java(pattern).fullmatch(text) is (re.fullmatch(pattern, text) is not None)
    assert compile_linear(pattern).search(text) is (re.search(pattern, text) is not None)


@given(
    st.lists(st.tuples(st.booleans(), st.lists(PIECES, max_size=3).map("".join)), max_size=3),
    st.lists(PIECES, max_size=3).map("".join),
    st.text(alphabet="ab1", max_size=6),
    st.booleans(),
)
def test_look_aheads_at_the_beginning_are_additional_conditions(
    look_aheads: list[tuple[bool, str]], rest: str, text: str, anchored: bool
) -> None:
    prefix = "".join(f"(?{'=' if positive else '!'}{look_ahead})" for positive, look_ahead in look_aheads)
    pattern = f"{'^' if anchored else ''}{prefix}{rest}"
    assert compile_java(pattern).fullmatch(text) is (re.fullmatch(pattern, text) is not None)


@pytest.mark.parametrize(
    ("pattern", "flags", "text"),
    [
        (r"A.*", "i", "abc"),
        (r"a.b", "s", "a\nb"),
        (r"\u0041\p{Digit}+", "", "A12"),
        (r"[\p{Lower}_]+", "", "a_b"),
        (r"\P{Upper}", "", "a"),
        (r"\Q(a)\E", "", "(a)"),
        (r"^(?=.*[A-Z])(?=.*\d)(?!.*_)[A-Za-z0-9_]{4,}$", "", "Ab12"),
        (".", "", "\ud800"),
        ("[(]a[)]", "", "(a)"),
    ],
)
def test_java_s_own_syntax_is_supported(pattern: str, flags: str, text: str) -> None:
    assert compile_java(pattern, flags).fullmatch(text)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a)\1",
        "a(?=b)",
        "(?=a)b|c",
        "(?=a)*b",
        "(?<=a)b",
        "(?>a)",
        "a++",
        "(",
        "(?=a",
        "a" * 3_000,
        r"\pL" * 100,
        "\\",
    ],
)
def test_an_invalid_regex_and_one_that_needs_backtracking_are_rejected(pattern: str) -> None:
    with pytest.raises(InvalidRegex):
        compile_java(pattern)


def test_a_text_that_is_too_long_for_its_expression_is_rejected() -> None:
    regex = compile_java("[ab]*a[ab]{900}c")
    assert not regex.fullmatch("ab" * 1_000)
    with pytest.raises(TextTooLong, match="too long for the regular expression"):
        regex.fullmatch("a" * (MAX_WORK // 900))
    with pytest.raises(TextTooLong):
        regex.search("é" * (MAX_WORK // 1_800))
