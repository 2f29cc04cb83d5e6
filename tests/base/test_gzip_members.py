"""Gzip data is read to its end, and data that is not gzip is refused."""

import gzip
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.gzip_members import GzipError, decompress_members

MOST = 100


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@given(members=st.lists(st.binary(max_size=500), min_size=1, max_size=5), size=st.integers(1, 50))
def test_the_content_of_all_members_is_yielded_wherever_the_pieces_are_cut(members: list[bytes], size: int) -> None:
    data = b"".join(gzip.compress(each, mtime=0) for each in members)
    found = list(decompress_members(cut(data, size), MOST))
    assert b"".join(found) == b"".join(members)
    assert all(0 < len(each) <= MOST for each in found)


@given(data=st.binary(max_size=300), after=st.binary(min_size=1, max_size=30), size=st.integers(1, 50))
def test_what_follows_a_member_and_is_no_member_is_refused(data: bytes, after: bytes, size: int) -> None:
    with pytest.raises(GzipError):
        list(decompress_members(cut(gzip.compress(data, mtime=0) + after, size), MOST))


@given(data=st.binary(max_size=300), missing=st.integers(1, 1000), size=st.integers(1, 50))
def test_data_that_is_cut_off_is_refused(data: bytes, missing: int, size: int) -> None:
    with pytest.raises(GzipError):
        list(decompress_members(cut(gzip.compress(data, mtime=0)[:-missing], size), MOST))


def test_zeros_after_a_member_are_refused_as_any_other_garbage() -> None:
    with pytest.raises(GzipError):
        list(decompress_members([gzip.compress(b"x", mtime=0) + bytes(8)], MOST))


def test_many_empty_members_in_one_piece_cost_linear_time() -> None:
    empty = gzip.compress(b"", mtime=0)
    began = time.process_time()
    assert b"".join(decompress_members([empty * 400_000], MOST)) == b""
    assert time.process_time() - began < 5
