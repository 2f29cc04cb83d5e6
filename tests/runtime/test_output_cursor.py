"""Pieces of output are joined to lines, wherever the output is cut, and however long its lines are."""

from itertools import zip_longest

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.json_text import dump_bytes, loads
from lamplighter.base.log_batches import MAX_MESSAGE_BYTES, cut_place
from lamplighter.runtime.output_cursor import OutputCursor
from lamplighter.runtime.output_line import OutputLine, Stream

Piece = tuple[Stream, bytes, bool]
"""A stream, the bytes of a piece, and whether it completes a line."""
LONG = [b"", b"a", b"x" * 16_384, b"\xff" * 100_000, "€".encode() * 87_380, b"\0" * MAX_MESSAGE_BYTES, b"y" * 600_000]
PIECES = st.lists(
    st.tuples(st.sampled_from(("stdout", "stderr")), st.binary(max_size=5) | st.sampled_from(LONG), st.booleans()),
    max_size=8,
)


def read(cursor: OutputCursor, pieces: list[Piece]) -> list[OutputLine]:
    """Return the lines of pieces, of which each has its number as its time."""
    numbered = enumerate(pieces, start=1)
    return [line for time, (stream, piece, end) in numbered for line in cursor.add(time, stream, piece, complete=end)]


@given(st.lists(st.lists(st.binary(max_size=5), min_size=1, max_size=4), max_size=6))
def test_the_pieces_of_a_line_are_joined(lines: list[list[bytes]]) -> None:
    cursor = OutputCursor()
    joined = list[OutputLine]()
    for pieces in lines:
        for number, piece in enumerate(pieces, start=1):
            joined += cursor.add(number, "stdout", piece, complete=number == len(pieces))
    assert joined == [OutputLine(1, "stdout", b"".join(pieces).decode(errors="replace")) for pieces in lines]
    assert list(cursor.flush()) == []


def test_streams_do_not_mix() -> None:
    cursor = OutputCursor()
    assert read(cursor, [("stdout", b"a", False), ("stderr", b"b", True)]) == [OutputLine(2, "stderr", "b")]
    assert list(cursor.flush()) == [OutputLine(1, "stdout", "a")]


@given(PIECES)
def test_no_byte_is_lost_and_no_part_is_longer_than_a_message(pieces: list[Piece]) -> None:
    cursor = OutputCursor()
    lines = read(cursor, pieces) + list(cursor.flush())
    for stream in ("stdout", "stderr"):
        own = [(text, end) for name, text, end in pieces if name == stream]
        expected, line = list[bytes](), b""
        for text, end in own:
            line += text
            expected += parts_of(line) if end else []
            line = b"" if end else line
        expected += parts_of(line) if own and not own[-1][1] else []
        assert [each.text for each in lines if each.stream == stream] == [
            part.decode(errors="replace") for part in expected
        ]


def parts_of(line: bytes) -> list[bytes]:
    parts = []
    while len(line) > MAX_MESSAGE_BYTES:
        end = cut_place(line, MAX_MESSAGE_BYTES)
        parts.append(line[:end])
        line = line[end:]
    return [*parts, line]


def test_a_long_line_is_returned_in_parts_as_soon_as_they_are_there() -> None:
    cursor = OutputCursor()
    whole: Piece = ("stdout", b"x" * MAX_MESSAGE_BYTES, False)
    assert read(cursor, [whole]) == [], "its end may come next"
    assert read(cursor, [("stdout", b"y", False)]) == [OutputLine(1, "stdout", "x" * MAX_MESSAGE_BYTES)]
    assert read(cursor, [("stdout", b"", True)]) == [OutputLine(1, "stdout", "y")]


def test_a_line_of_the_longest_length_has_no_empty_part_after_it() -> None:
    pieces: list[Piece] = [("stdout", b"x" * MAX_MESSAGE_BYTES, False), ("stdout", b"", True)]
    assert read(OutputCursor(), pieces) == [OutputLine(1, "stdout", "x" * MAX_MESSAGE_BYTES)]


@given(st.integers(1, 4), st.sampled_from(("é", "€", "😀")))
def test_a_part_does_not_end_within_a_character(before: int, character: str) -> None:
    text = "a" * before + character * MAX_MESSAGE_BYTES
    lines = read(OutputCursor(), [("stdout", text.encode(), True)])
    assert "".join(line.text for line in lines) == text
    assert all(len(line.text.encode()) > MAX_MESSAGE_BYTES - 4 for line in lines[:-1])


def test_continuation_bytes_without_a_character_are_cut_where_the_part_is_full() -> None:
    lines = read(OutputCursor(), [("stdout", b"\x80" * (MAX_MESSAGE_BYTES + 1), True)])
    assert [len(line.text) for line in lines] == [MAX_MESSAGE_BYTES, 1]


def test_a_line_without_an_end_costs_one_part_of_memory() -> None:
    cursor, most = OutputCursor(), 0
    for _ in range(10 * MAX_MESSAGE_BYTES // 16_384):
        read(cursor, [("stdout", b"x" * 16_384, False)])
        most = max(most, len(dump_bytes(cursor.document())))
    assert most < MAX_MESSAGE_BYTES * 1.4, "base64 needs a third more"


@given(PIECES, st.data())
def test_a_cursor_that_was_written_as_json_goes_on_after_any_line(pieces: list[Piece], data: st.DataObject) -> None:
    expected = [*read(whole := OutputCursor(), pieces), *whole.flush()]
    cursor, found = OutputCursor(), list[OutputLine]()
    stop = data.draw(st.integers(0, len(expected)))
    rest = [(time, *piece) for time, piece in enumerate(pieces, start=1)]
    while rest and len(found) < stop:
        time, stream, text, complete = rest.pop(0)
        for line in cursor.add(time, stream, text, complete=complete):
            found.append(line)
            if len(found) == stop:  # the reading ends here, maybe between two parts of one piece
                break
    cursor = OutputCursor.of_document(loads(dump_bytes(cursor.document())))
    for time, stream, text, complete in rest:
        found += cursor.add(time, stream, text, complete=complete)
    found += cursor.flush()
    for name in ("stdout", "stderr"):
        texts = [[line.text for line in lines if line.stream == name] for lines in (expected, found)]
        assert all(one == other for one, other in zip_longest(*texts))
