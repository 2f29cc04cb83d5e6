"""Pieces of output are joined to lines, wherever the output is cut."""

import io

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.runtime.line_joiner import LineJoiner
from lamplighter.runtime.port import OutputLine
from lamplighter.runtime.process.shim import MAX_RECORD_BYTES, Output
from lamplighter.runtime.process.shim_log import ShimLog


@given(st.lists(st.lists(st.binary(max_size=5), min_size=1, max_size=4), max_size=6))
def test_the_pieces_of_a_line_are_joined(lines: list[list[bytes]]) -> None:
    joiner = LineJoiner()
    joined = []
    for pieces in lines:
        for number, piece in enumerate(pieces, start=1):
            if line := joiner.add(number, "stdout", piece, complete=number == len(pieces)):
                joined.append(line)
    assert joined == [OutputLine(1, "stdout", b"".join(pieces).decode(errors="replace")) for pieces in lines]
    assert joiner.flush() == []


def test_streams_do_not_mix() -> None:
    joiner = LineJoiner()
    assert joiner.add(1, "stdout", b"a", complete=False) is None
    assert joiner.add(2, "stderr", b"b", complete=True) == OutputLine(2, "stderr", "b")
    assert joiner.flush() == [OutputLine(1, "stdout", "a")]


@given(st.lists(st.text(max_size=20), max_size=10), st.lists(st.integers(1, 30), max_size=10))
def test_the_log_of_the_shim_is_read_back_wherever_the_output_was_cut(texts: list[str], cuts: list[int]) -> None:
    written = "\n".join(texts).encode()
    output = Output(b"e")
    log = b""
    for cut in cuts:
        log += output.add(written[:cut])
        written = written[cut:]
    log += output.add(written) + output.rest()
    lines = ShimLog(io.BytesIO(log)).read() or []
    expected = "\n".join(texts).removesuffix("\n")
    assert [line.text for line in lines] == (expected.split("\n") if "".join(texts) or len(texts) > 1 else [])
    assert {line.stream for line in lines} <= {"stderr"}


@given(st.integers(0, 4 * MAX_RECORD_BYTES))
def test_a_line_of_any_length_is_read_back_complete(length: int) -> None:
    output = Output(b"o")
    log = output.add(b"x" * length) + output.add(b"\n")
    assert [line.text for line in ShimLog(io.BytesIO(log)).read() or []] == ["x" * length]


def test_an_incomplete_record_is_read_when_it_is_complete() -> None:
    log = io.BytesIO(b"1 o one\n2 o tw")
    records = ShimLog(log)
    assert records.read() == [OutputLine(1, "stdout", "one")]
    log.write(b"o\n")
    log.seek(-2, io.SEEK_END)
    assert records.read() == [OutputLine(2, "stdout", "two")]
    assert records.read() is None


def test_the_incomplete_line_of_a_killed_shim_is_not_lost() -> None:
    records = ShimLog(io.BytesIO(b"1 O the beginning of a line\n"))
    assert records.read() == []
    assert records.rest() == [OutputLine(1, "stdout", "the beginning of a line")]
