"""Foreign text in a line, and in the subject of a mail: one rule, here and in JSONata on AWS."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.jobs.machine.alert_expressions import DEFINE_SUBJECT
from lamplighter.lang.jsonata.expression import compile_expression
from lamplighter.runs.printable_text import MAX_SUBJECT_LENGTH, coloured_line, printable_line, to_subject
from tests.manual_world import manual_world

ENDS = st.sampled_from(("", " after 3 attempts"))
PRINTABLE = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Cf", "Zl", "Zp")), max_size=150).filter(
    lambda text: text == text.strip()
)
ON_AWS = compile_expression(f"({DEFINE_SUBJECT} $subject($text, $end))")


def test_colour_codes_are_removed() -> None:
    assert printable_line("\x1b[1;31mERROR\x1b[0m it broke\r\n", 500) == "ERROR it broke"


NASTY = "\x1b]0;title\x07a\x1b]52;c;aGk=\x1b\\b\x1b[2J\x1b[38;5;208morange\x1b[0m \x9b31m\u202ec\u2028d\x05\x1b"
"""A job's line that sets the terminal's title and clipboard, clears the screen, and turns the direction of text."""


def test_no_code_of_a_terminal_no_control_and_no_direction_is_left_of_a_line() -> None:
    assert printable_line(NASTY) == "aborange  31mc d"


def test_a_terminal_gets_the_colours_of_a_line_which_end_with_it() -> None:
    assert coloured_line(NASTY) == "ab\x1b[38;5;208morange\x1b[0m  31mc d\x1b[0m"
    assert coloured_line("plain") == "plain"


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("\x1b[]m;0\x07\x9b\u202e"), max_size=60))
def test_what_is_shown_of_any_line_is_printable(line: str) -> None:
    shown = printable_line(line)
    assert "\x1b" not in shown
    assert not any(unicodedata.category(each) in ("Cc", "Zl", "Zp") and each != "\t" for each in shown)
    assert printable_line(shown) == shown
    assert re.sub(r"\x1b\[[0-9;:]*m", "", coloured_line(line)).rstrip() == shown


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("nightly failed: exit code 3", "nightly failed: exit code 3"),
        ("nightly failed:\tno such\nfile", "nightly failed: no such file"),
        ("\x1b[31m 실패", "??"),
        ("x" * 101, "x" * 97 + "..."),
    ],
)
def test_a_subject_is_one_line_of_ascii(text: str, subject: str) -> None:
    assert to_subject(text) == subject


@given(st.text(max_size=200), ENDS)
def test_a_subject_is_valid_for_sns(text: str, end: str) -> None:
    found = to_subject(text, end=end)
    assert len(found) <= MAX_SUBJECT_LENGTH
    assert all(" " <= each <= "~" for each in found)
    assert found.endswith(end)
    assert not found.startswith(" ") or found == end


@given(PRINTABLE, ENDS)
def test_a_subject_on_aws_is_the_same(text: str, end: str) -> None:
    assert ON_AWS.value({"text": text, "end": end}, manual_world()) == to_subject(text, end=end)
