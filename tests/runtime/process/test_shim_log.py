"""The log of a plain process, read whatever a power cut has made of its end."""

from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.runtime.port import OutputLine
from lamplighter.runtime.process.shim_log import ShimLog

LINES = [OutputLine(number, "stdout", f"line {number}") for number in range(5)]
WHOLE = b"".join(b"%d o line %d\n" % (number, number) for number in range(5))


def read(log: bytes) -> list[OutputLine]:
    records = ShimLog(BytesIO(log))
    found: list[OutputLine] = []
    while (lines := records.read()) is not None:
        found += lines
    return found + records.rest()


def test_zeros_where_pages_were_to_be_cost_only_what_was_in_them() -> None:
    assert read(WHOLE + bytes(300) + b"9 e after\n") == [*LINES, OutputLine(9, "stderr", "after")]


@given(st.binary())
def test_whatever_follows_the_lines_that_are_there_they_are_read(rubbish: bytes) -> None:
    assert read(WHOLE + rubbish)[:5] == LINES


def test_a_line_may_hold_zeros_of_its_own() -> None:
    assert read(b"1 o \0a\0\n") == [OutputLine(1, "stdout", "\0a\0")]
