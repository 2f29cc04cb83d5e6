"""Read the log of a plain process, whatever a power cut did to its end."""

from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.runtime.port import OutputLine
from lamplighter.runtime.process.shim_log import ShimLog

LINES = [OutputLine(number, "stdout", f"line {number}") for number in range(5)]
WHOLE = b"".join(b"%d o line %d\n" % (number, number) for number in range(5))


def read_log(log: bytes) -> list[OutputLine]:
    records = ShimLog(BytesIO(log))
    found: list[OutputLine] = []
    while (lines := records.read()) is not None:
        found += lines
    return found + records.rest()


def test_zeros_of_lost_pages_lose_only_the_lines_of_those_pages() -> None:
    assert read_log(WHOLE + bytes(300) + b"9 e after\n") == [*LINES, OutputLine(9, "stderr", "after")]


@given(st.binary())
def test_complete_lines_are_read_even_if_garbage_follows(garbage: bytes) -> None:
    assert read_log(WHOLE + garbage)[:5] == LINES


def test_a_line_can_contain_zeros() -> None:
    assert read_log(b"1 o \0a\0\n") == [OutputLine(1, "stdout", "\0a\0")]
