"""Read the log of a plain process, wherever its output was cut, and whatever a power cut did to its end."""

import io
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import dump_bytes, loads
from lamplighter.base.log_batches import MAX_MESSAGE_BYTES
from lamplighter.runtime.output_cursor import OutputCursor
from lamplighter.runtime.output_line import OutputLine
from lamplighter.runtime.process.shim import MAX_RECORD_BYTES, Output
from lamplighter.runtime.process.shim_log import CHUNK_BYTES, ShimLog

LINES = [OutputLine(number, "stdout", f"line {number}") for number in range(5)]
WHOLE = b"".join(b"%d o line %d\n" % (number, number) for number in range(5))


class CountingLog(BytesIO):
    """A log that counts the bytes that are read, and the most of one read."""

    count = most = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.count += len(found)
        self.most = max(self.most, len(found))
        return found


def read_log(log: bytes, cursor: OutputCursor | None = None) -> list[OutputLine]:
    cursor = cursor or OutputCursor()
    return [*read_available(ShimLog(BytesIO(log), cursor)), *cursor.flush()]


def read_available(records: ShimLog) -> list[OutputLine]:
    found: list[OutputLine] = []
    while (lines := records.read()) is not None:
        found += lines
    return found


@given(st.lists(st.text(max_size=20), max_size=10), st.lists(st.integers(1, 30), max_size=10))
def test_the_log_of_the_shim_is_read_back_wherever_the_output_was_cut(texts: list[str], cuts: list[int]) -> None:
    written = "\n".join(texts).encode()
    output = Output(b"e")
    log = b""
    for cut in cuts:
        log += output.add(written[:cut])
        written = written[cut:]
    log += output.add(written) + output.rest()
    lines = read_log(log)
    expected = "\n".join(texts).removesuffix("\n")
    assert [line.text for line in lines] == (expected.split("\n") if "".join(texts) or len(texts) > 1 else [])
    assert {line.stream for line in lines} <= {"stderr"}


@given(st.integers(0, 20 * MAX_RECORD_BYTES))
def test_a_line_of_any_length_is_read_back_complete(length: int) -> None:
    output = Output(b"o")
    log = output.add(b"x" * length) + output.add(b"\n")
    texts = [line.text for line in read_log(log)]
    assert "".join(texts) == "x" * length
    assert len(texts) == max(1, -(-length // MAX_MESSAGE_BYTES))


def test_an_incomplete_record_is_read_when_it_is_complete() -> None:
    log = io.BytesIO(b"1 o one\n2 o tw")
    records = ShimLog(log, OutputCursor())
    assert read_available(records) == [OutputLine(1, "stdout", "one")]
    log.seek(0, io.SEEK_END)
    log.write(b"o\n")
    assert read_available(records) == [OutputLine(2, "stdout", "two")]
    assert records.read() is None


def test_the_incomplete_line_of_a_killed_shim_is_not_lost() -> None:
    assert read_log(b"1 O the beginning of a line\n") == [OutputLine(1, "stdout", "the beginning of a line")]


def test_zeros_of_lost_pages_lose_only_the_lines_of_those_pages() -> None:
    assert read_log(WHOLE + bytes(300) + b"9 e after\n") == [*LINES, OutputLine(9, "stderr", "after")]


@given(st.binary())
def test_complete_lines_are_read_even_if_garbage_follows(garbage: bytes) -> None:
    assert read_log(WHOLE + garbage)[:5] == LINES


def test_a_line_can_contain_zeros() -> None:
    assert read_log(b"1 o \0a\0\n") == [OutputLine(1, "stdout", "\0a\0")]


def test_digits_of_garbage_are_no_time() -> None:
    assert read_log(b"9" * 5_000 + b" o x\n" + WHOLE) == LINES


@pytest.mark.parametrize("garbage", [b"\0", b"x"])
def test_damaged_pages_without_a_line_end_are_read_once_and_in_pieces(garbage: bytes) -> None:
    size = 40 * CHUNK_BYTES + 7
    log = CountingLog(WHOLE + garbage * size + b"\n9 e after\n")
    lines = read_available(ShimLog(log, OutputCursor()))
    assert lines == [*LINES, OutputLine(9, "stderr", "after")]
    assert (log.most, log.count < size * 1.1) == (CHUNK_BYTES, True)


@given(
    st.lists(st.tuples(st.sampled_from("oe"), st.sampled_from((0, 3, 90_000)), st.booleans()), max_size=12), st.data()
)
def test_a_log_is_read_on_after_any_line(writes: list[tuple[str, int, bool]], data: st.DataObject) -> None:
    streams = {"o": Output(b"o"), "e": Output(b"e")}
    log = b"".join(streams[name].add(b"x" * size + b"\n" * end) for name, size, end in writes)
    expected = read_log(log)
    cursor, found = OutputCursor(), list[OutputLine]()
    stop = data.draw(st.integers(0, len(expected)))
    records = ShimLog(BytesIO(log), cursor)
    while len(found) < stop and (lines := records.read()) is not None:
        for line in lines:
            found.append(line)
            if len(found) == stop:
                break
    place = cursor.place
    found += read_log(log, OutputCursor.of_document(loads(dump_bytes(cursor.document()))))
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
    assert place == len(log) or len(found) > stop or stop == len(expected)


def test_a_log_that_a_power_cut_has_shortened_is_read_on_from_its_end() -> None:
    cursor = OutputCursor(10_000)
    log = BytesIO(WHOLE)
    records = ShimLog(log, cursor)
    assert records.read() is None
    log.seek(0, io.SEEK_END)
    log.write(b"9 e after\n")
    assert read_available(records) == [OutputLine(9, "stderr", "after")]
