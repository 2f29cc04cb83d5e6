"""Foreign text in a line, and in the subject of a mail: one rule, here and in JSONata on AWS."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.jobs.machine.alert_expressions import DEFINE_SUBJECT
from lamplighter.lang.jsonata.expression import compile_expression
from lamplighter.runs.printable_text import MAX_SUBJECT_LENGTH, printable_line, to_subject
from tests.manual_world import manual_world

ENDS = st.sampled_from(("", " after 3 attempts"))
PRINTABLE = st.text(st.characters(blacklist_categories=("Cc", "Cs")), max_size=150).filter(
    lambda text: text == text.strip()
)
ON_AWS = compile_expression(f"({DEFINE_SUBJECT} $subject($text, $end))")


def test_colour_codes_are_removed() -> None:
    assert printable_line("\x1b[1;31mERROR\x1b[0m it broke\r\n", 500) == " ERROR  it broke"


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
