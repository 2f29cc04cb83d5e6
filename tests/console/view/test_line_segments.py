"""Divide a log line into colours and matches."""

import pytest

from lamplighter.console.view.line_segments import MAX_SHOWN_CHARACTERS, Segment, show_line


def parts(message: str, find: str = "") -> list[tuple[str, str]]:
    """Return the texts of a line's segments with their classes; a match has the class `*`."""
    return [(each.text, "*" if each.is_match else each.classes) for each in show_line(message, find).segments]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("plain", [("plain", "")]),
        ("", []),
        ("\x1b[31mred\x1b[0m plain", [("red", "colour-1"), (" plain", "")]),
        ("\x1b[1;38;5;196mred", [("red", "bold colour-1")]),
        ("\x1b[38;5;208morange", [("orange", "colour-3")]),
        ("\x1b[38;5;93mviolet", [("violet", "colour-5")]),
        ("\x1b[38;2;255;135;0morange", [("orange", "colour-3")]),
        ("\x1b[38;2;200;255;200mpale", [("pale", "colour-10")]),
        ("\x1b[38;5;244mgrey\x1b[38;5;9mred", [("grey", "colour-7"), ("red", "colour-9")]),
        ("\x1b[38;2;0;0;250mblue\x1b[39m", [("blue", "colour-4")]),
        ("\x1b[7mreversed", [("reversed", "colour-0 ground-7")]),
        ("\x1b[44mground", [("ground", "ground-4")]),
        ("\x1b[2K\x1b[1Gmoved\x1b]0;title\x07", [("moved", "")]),
        ("\x1b[999;1;mtext \x1b[", [("text ", "")]),
        ("10 %\r20 %\r\n", [("10 %\n20 %\n", "")]),
        ("bell\x07 nul\x00\ttab", [("bell␇ nul␀\ttab", "")]),
    ],
)
def test_colours_become_classes_and_other_codes_disappear(message: str, expected: list[tuple[str, str]]) -> None:
    assert parts(message) == expected


def test_a_match_is_marked_across_colours_and_means_itself() -> None:
    assert parts("a \x1b[31mb.\x1b[0mC b.c bxc", "B.c") == [
        *[("a ", ""), ("b.", "*"), ("C", "*"), (" ", ""), ("b.c", "*"), (" bxc", "")]
    ]


def test_a_long_line_is_cut_around_its_first_match() -> None:
    shown = show_line("x" * 9_000 + "needle" + "y" * 90_000, "needle")
    assert (shown.cut_before, shown.cut_after) == (True, True)
    assert Segment("needle", "", True) in shown.segments
    assert sum(len(each.text) for each in shown.segments) == MAX_SHOWN_CHARACTERS
    shown = show_line("x" * (MAX_SHOWN_CHARACTERS + 1), "")
    assert (shown.cut_before, shown.cut_after) == (False, True)
