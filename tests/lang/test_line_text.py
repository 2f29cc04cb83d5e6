"""Find text in log lines as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import dump_bytes
from lamplighter.lang.line_text import LineSearch, strip_codes

CHARACTERS = st.sampled_from([*'aAbB"\\\n\x1b[m\x07 é', "É", "ß", "İ", "K", "Σ", "ς", "3"])


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("\x1b[31mred\x1b[0m and \x1b[1;38;5;208morange\x1b[m", "red and orange"),
        ("\x1b]0;a title\x07then text\x1b[2K\x1b[1A", "then text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b(Bplain\x1b[?25h", "plain"),
        ("cut \x1b[3", "cut "),
        ("\x1b", ""),
    ],
)
def test_the_codes_of_a_terminal_are_no_text(line: str, text: str) -> None:
    assert strip_codes(line) == text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("ERROR", "an error"),
        ("error: disk", "\x1b[31mError:\x1b[0m Disk full"),
        ("straße", "STRASSE"),
        ("ὀδυσσεύς", "ὈΔΥΣΣΕΎΣ"),
        ("%.*[", "100 %.*[ done"),
        ('say "no\\n"', 'He SAY "no\\n"'),
    ],
)
def test_a_text_is_found_without_regard_to_case_and_colours(text: str, line: str) -> None:
    search = LineSearch(text)
    assert search.matches(line)
    assert search.may_match(dump_bytes([[0], [line]]))
    assert not LineSearch(f"{text}!").matches(line)


@given(st.text(CHARACTERS, min_size=1, max_size=2), st.lists(st.text(CHARACTERS, max_size=12), max_size=3))
def test_the_check_of_a_whole_document_misses_no_line(text: str, lines: list[str]) -> None:
    search = LineSearch(text)
    found = any(search.matches(each) for each in lines)
    assert search.may_match(dump_bytes([[0] * len(lines), lines])) >= found


def test_a_document_without_the_text_is_ruled_out() -> None:
    assert not LineSearch("missing").may_match(dump_bytes([[0], ["a line"]]))
    assert not LineSearch("missing").may_match(dump_bytes([[0], ["eine Zeile, übrigens"]]))
