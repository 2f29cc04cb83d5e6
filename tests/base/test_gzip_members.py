"""Gzip data is read to its end, and data that is not gzip is rejected."""

import gzip
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.gzip_members import GzipError, decompress_members

MAX_PIECE = 100


def split_into_pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@given(members=st.lists(st.binary(max_size=500), min_size=1, max_size=5), size=st.integers(1, 50))
def test_the_content_of_all_members_is_yielded_for_any_piece_size(members: list[bytes], size: int) -> None:
    data = b"".join(gzip.compress(each, mtime=0) for each in members)
    found = list(decompress_members(split_into_pieces(data, size), MAX_PIECE))
    assert b"".join(found) == b"".join(members)
    assert all(0 < len(each) <= MAX_PIECE for each in found)


@given(data=st.binary(max_size=300), after=st.binary(min_size=1, max_size=30), size=st.integers(1, 50))
def test_data_after_a_member_that_is_no_member_is_rejected(data: bytes, after: bytes, size: int) -> None:
    with pytest.raises(GzipError):
        list(decompress_members(split_into_pieces(gzip.compress(data, mtime=0) + after, size), MAX_PIECE))


@given(data=st.binary(max_size=300), missing=st.integers(1, 1000), size=st.integers(1, 50))
def test_truncated_data_is_rejected(data: bytes, missing: int, size: int) -> None:
    with pytest.raises(GzipError):
        list(decompress_members(split_into_pieces(gzip.compress(data, mtime=0)[:-missing], size), MAX_PIECE))


def test_zeros_after_a_member_are_rejected_like_other_garbage() -> None:
    with pytest.raises(GzipError):
        list(decompress_members([gzip.compress(b"x", mtime=0) + bytes(8)], MAX_PIECE))


def test_many_empty_members_in_one_piece_cost_linear_time() -> None:
    empty = gzip.compress(b"", mtime=0)
    began = time.process_time()
    assert b"".join(decompress_members([empty * 400_000], MAX_PIECE)) == b""
    assert time.process_time() - began < 5
