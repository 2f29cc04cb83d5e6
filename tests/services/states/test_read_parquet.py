"""A Parquet file of some hundred bytes can describe rows of gigabytes; it must not take the memory of the engine."""

import io

import pyarrow
import pytest
from pyarrow import parquet

from lamplighter.asl.execution.state_errors import StateError
from lamplighter.base.json_text import Json
from lamplighter.services.states.map_runs.read_parquet import read_rows


def write_file(column: Json) -> bytes:
    """Return a file with one row group, which has this column."""
    file = io.BytesIO()
    parquet.write_table(pyarrow.table({"a": column}), file, compression="zstd", row_group_size=len(column))
    return file.getvalue()


def repeat(value: str, times: int) -> Json:
    """Return a column that has the value once, in its dictionary."""
    return pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * times, pyarrow.int32()), pyarrow.array([value]))


def test_a_small_file_whose_row_needs_gigabytes_is_refused() -> None:
    values = repeat("x" * 1_000_000, 2000)
    body = write_file(pyarrow.ListArray.from_arrays(pyarrow.array([0, len(values)], pyarrow.int32()), values))
    assert len(body) < 1000
    with pytest.raises(StateError, match="reading the Parquet file needs more than 1024 MiB of memory"):
        next(read_rows([body]))


def test_a_row_has_at_most_as_many_characters_as_a_line_of_other_formats() -> None:
    body = write_file(repeat("x" * 2**20, 2))
    with pytest.raises(StateError, match="a row is longer than 1048576 bytes of JSON"):
        next(read_rows([body]))


def test_a_file_that_is_cut_off_is_refused() -> None:
    body = write_file(repeat("x" * 1_000_000, 3))
    assert [len(row["a"]) for row in read_rows([body])] == [1_000_000] * 3
    with pytest.raises(StateError, match="the object is not a valid Parquet file"):
        next(read_rows([body[:-1]]))


def test_a_reader_that_wants_no_further_rows_ends_at_once() -> None:
    rows = read_rows([write_file(repeat("x", 100_000))])
    assert next(rows) == {"a": "x"}
    rows.close()
    assert list(rows) == []
