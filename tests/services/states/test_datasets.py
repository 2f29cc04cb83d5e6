"""What an ItemReader makes of a data set, in whatever pieces it arrives."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.jsontext import Json
from lamplighter.services.states.datasets import (
    LARGEST,
    Inventory,
    Unreadable,
    csv_items,
    inventory,
    json_items,
    line_items,
    unpacked,
)

NUMBERS = st.integers(-(2**53), 2**53)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@given(st.lists(VALUES, max_size=6), st.integers(1, 9), st.sampled_from([None, 1]))
def test_the_elements_of_an_array_are_read_in_pieces_of_any_size(items: list[Json], size: int, indent: int) -> None:
    assert list(json_items(cut(json.dumps(items, indent=indent, ensure_ascii=False).encode(), size))) == items


@given(st.lists(VALUES, max_size=6), st.integers(1, 9))
def test_json_lines_are_read_in_pieces_of_any_size(items: list[Json], size: int) -> None:
    text = "\n\n".join(json.dumps(item) for item in items)
    assert list(line_items(cut(text.encode(), size))) == items


@given(st.lists(st.tuples(CELL, CELL), max_size=5), st.integers(1, 9), st.sampled_from(",|;\t "))
def test_records_of_csv_come_back_as_they_were_written(rows: list[tuple[str, str]], size: int, delimiter: str) -> None:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *rows])
    found = list(csv_items(cut(file.getvalue().encode(), size), delimiter=delimiter))
    assert found == [{"a": left, "b": right} for left, right in rows]


def test_a_record_that_lacks_fields_is_filled_and_what_it_has_beyond_the_headers_is_skipped() -> None:
    assert list(csv_items([b"1\n2,3,4\n"], ("a", "b"))) == [{"a": "1", "b": ""}, {"a": "2", "b": "3"}]


def test_a_field_in_quotes_may_hold_a_newline_and_a_byte_order_mark_is_no_part_of_a_header() -> None:
    assert list(csv_items([b'\xef\xbb\xbfa,b\r\n"x\ny",z\r\n'])) == [{"a": "x\ny", "b": "z"}]


BAD: dict[str, tuple[Callable[[Iterator[bytes]], Iterator[Json]], bytes, str]] = {
    "object": (json_items, b'{"a": 1}', "not an array"),
    "nothing": (json_items, b"  ", "ends too early"),
    "cut off": (json_items, b"[1, 2", "ends too early"),
    "no comma": (json_items, b"[1 2]", "followed by '2'"),
    "comma at the end": (json_items, b"[1,]", "malformed"),
    "more": (json_items, b"[1] 2", "goes on"),
    "not a number": (json_items, b"[NaN]", "NaN"),
    "deep": (json_items, b"[" * 200_000, "deeply|malformed"),
    "bad line": (line_items, b"1\n{", "Line 2"),
    "long line": (line_items, b"1" * (2 * LARGEST), "longer than"),
    "bytes": (line_items, b"\xff", "UTF-8"),
    "no gzip": (unpacked, b"plain", "not gzip"),
    "half a gzip": (unpacked, gzip.compress(b"text")[:-4], "ends too early"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_data_set_is_refused_with_the_reason(name: str) -> None:
    read, data, reason = BAD[name]
    with pytest.raises(Unreadable, match=reason):
        list(read(cut(data, 65536)))


def test_an_array_is_read_without_holding_what_follows() -> None:
    def endless() -> Iterator[bytes]:
        yield b"["
        while True:
            yield b'{"n": 1},'

    items = json_items(endless())
    assert [next(items) for _ in range(10_000)][-1] == {"n": 1}


def test_the_manifest_of_an_inventory_names_its_files_and_their_columns() -> None:
    manifest = {
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "destinationBucket": "arn:aws:s3:::lists",
        "files": [{"key": "one.csv.gz"}, {"key": "two.csv.gz"}],
    }
    found = inventory(json.dumps(manifest).encode())
    assert found == Inventory("lists", ("one.csv.gz", "two.csv.gz"), ("Bucket", "Key", "Size"))
    rows = csv_items(unpacked(cut(gzip.compress(b'"b","k","1"\n'), 3)), found.headers)
    assert list(rows) == [{"Bucket": "b", "Key": "k", "Size": "1"}]


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"fileFormat": "ORC"}', b"\xff"])
def test_what_is_no_manifest_of_an_inventory_in_csv_is_refused(text: bytes) -> None:
    with pytest.raises(Unreadable):
        inventory(text)
