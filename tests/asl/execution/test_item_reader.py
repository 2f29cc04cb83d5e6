"""Read the items of a Map from the text of an object.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

import gzip
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.asl.execution import item_reader
from lamplighter.asl.execution.state_errors import StateError
from lamplighter.base.json_text import Json, dumps

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
DOCUMENTS = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


def read_items(text: str | bytes, config: Json, size: int = 7) -> list[Json]:
    """Return all items of a text that arrives in small pieces."""
    whole = text if isinstance(text, bytes) else text.encode()
    return list(item_reader.read_items((whole[at : at + size] for at in range(0, len(whole), size)), config))


@given(items=st.lists(DOCUMENTS), size=st.integers(1, 50))
def test_an_array_is_read_unchanged_for_any_piece_size(items: list[Json], size: int) -> None:
    assert read_items(dumps(items), {}, size=size) == items


@given(items=st.lists(DOCUMENTS), name=st.text(), size=st.integers(1, 50))
def test_a_pointer_finds_its_array_for_any_member_name(items: list[Json], name: str, size: int) -> None:
    text = dumps({f"{name}x": [items], name: [None, items]})
    pointer = "/" + name.replace("~", "~0").replace("/", "~1") + "/1"
    assert read_items(text, {"ItemsPointer": pointer}, size=size) == items


@given(items=st.lists(DOCUMENTS), size=st.integers(1, 50))
def test_json_lines_are_read_unchanged_for_any_piece_size(items: list[Json], size: int) -> None:
    assert read_items("\n".join(map(dumps, items)), {"InputType": "JSONL"}, size=size) == items


def test_a_gzip_file_is_decompressed() -> None:
    assert read_items(gzip.compress(b"a\n1\n"), {"InputType": "CSV"}) == [{"a": "1"}]


def test_a_data_set_of_several_gzip_members_is_read_whole() -> None:
    compressed = gzip.compress(b"a\n1\n") + gzip.compress(b"2\n")
    assert read_items(compressed, {"InputType": "CSV"}) == [{"a": "1"}, {"a": "2"}]


@pytest.mark.parametrize("size", [7, 1000])
def test_a_gzip_file_is_read_in_pieces_of_any_size_and_rejected_if_garbage_follows(size: int) -> None:
    compressed = gzip.compress(b"[1]")
    assert read_items(compressed, {}, size=size) == [1]
    with pytest.raises(StateError, match="the gzip file is damaged"):
        read_items(compressed + b"garbage", {}, size=size)


def test_a_byte_order_mark_is_ignored() -> None:
    assert read_items("\ufeff[1]", {}) == [1]
    assert read_items("\ufeffa\n1\n", {"InputType": "CSV"}) == [{"a": "1"}]


def test_a_long_data_set_is_never_in_memory_as_a_whole() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"[0"
        for at in range(1, 200_000):
            yield b", %d" % at
        yield b"]"

    read_items("[0]", {})  # what the first call loads is not the data set's
    tracemalloc.start()
    try:
        assert sum(1 for _ in item_reader.read_items(pieces(), {})) == 200_000
        assert tracemalloc.get_traced_memory()[1] < 1_000_000, "the text alone has 1.3 MB"
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[" * 100_000, "an item has more than 800 levels"),
        ('[{"a":' * 100_000, "an item has more than 800 levels"),
        ("[[" + "1," * 2**20, "an item is longer than 1048576 characters"),
        ('["' + "a" * 2**23, "a text or number of the document is longer than 1048576 characters"),
        ("[" + "1" * 2**23, "a text or number of the document is longer than 1048576 characters"),
    ],
    ids=["arrays", "objects", "elements", "text", "number"],
)
def test_an_item_that_is_too_deep_or_too_long_is_refused_before_it_is_whole(text: str, problem: str) -> None:
    """A document without an end is read no further than to the limit: it would take gigabytes, and stop the engine."""
    with pytest.raises(StateError, match=problem):
        read_items(text, {}, size=2**18)


def test_a_value_beside_the_items_may_be_larger_than_an_item() -> None:
    """It is skipped, and never in memory."""
    text = dumps({"skipped": [["a" * 1000] * 2000, {"b": [[1]]}], "items": [1, 2]})
    assert read_items(text, {"ItemsPointer": "/items"}, size=2**18) == [1, 2]
    assert read_items(dumps([["a" * 1000] * 2000, [3]]), {"ItemsPointer": "/1"}, size=2**18) == [3]


def test_a_json_array_is_read() -> None:
    assert read_items("[1, {}]", {}) == [1, {}]


def test_an_items_pointer_selects_the_array() -> None:
    assert read_items('{"a/b": [0, {"c": [5]}]}', {"ItemsPointer": "/a~1b/1/c"}) == [5]


def test_each_json_line_is_one_item_and_empty_lines_are_skipped() -> None:
    assert read_items('{"a":1}\n\n2\n', {"InputType": "JSONL"}) == [{"a": 1}, 2]


def test_csv_reads_its_header_from_the_first_row() -> None:
    assert read_items('a,b\n1,"x,y"\n2\n', {"InputType": "CSV"}) == [{"a": "1", "b": "x,y"}, {"a": "2", "b": ""}]


def test_csv_can_have_a_header_from_the_definition_and_another_delimiter() -> None:
    config = {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "b"], "CSVDelimiter": "PIPE"}
    assert read_items("1|2|3\n", config) == [{"a": "1", "b": "2"}]


def test_max_items_limits_the_items_that_are_read() -> None:
    assert read_items("[1,2,3]", {"MaxItems": 2}) == [1, 2]


@pytest.mark.parametrize(
    ("text", "config"),
    [
        ("{}", {}),
        ("[", {}),
        ('{"a": 1}', {"ItemsPointer": "/a"}),
        ('{"a": [1]}', {"ItemsPointer": "/b/c"}),
        ("[1] 2", {}),
        ("[NaN]", {}),
        (b'["\xff"]', {}),
        (b"\xff", {"InputType": "CSV"}),
        ("a,b,a\n1,2,3\n", {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}),
        ("1,2\n", {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "a"]}),
        (gzip.compress(b"[1]", mtime=0)[:-4], {}),
        ('{"a": 1}', {"ItemsPointer": "/0"}),
        ("[[1]]", {"ItemsPointer": "/1"}),
        ("[[1]]", {"ItemsPointer": "/x"}),
        ("{", {"InputType": "JSONL"}),
        ("", {"InputType": "PARQUET"}),
    ],
)
def test_invalid_data_fails_the_item_reader(text: str, config: Json) -> None:
    with pytest.raises(StateError) as caught:
        read_items(text, config)
    assert caught.value.error == "States.ItemReaderFailed"
