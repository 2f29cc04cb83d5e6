"""Checks of data are continued, and combined from those of its parts."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.crc import CRC32, CRC32C, CRC64NVME, Crc, Polynomial, combine, crc32c, crc64nvme

DIGITS = b"123456789"


@pytest.mark.parametrize(("crc", "value"), [(crc32c(), 0xE3069283), (crc64nvme(), 0xAE8B14860A799888)])
def test_a_check_has_the_value_of_the_catalogue(crc: Crc, value: int) -> None:
    """See https://reveng.sourceforge.io/crc-catalogue/all.htm."""
    assert crc.update(DIGITS) == value


@given(first=st.binary(max_size=3_000), second=st.binary(max_size=3_000))
def test_the_checks_of_two_parts_make_that_of_the_whole(first: bytes, second: bytes) -> None:
    for crc, polynomial in ((crc32c(), CRC32C), (crc64nvme(), CRC64NVME)):
        parts = (crc.update(first), crc.update(second))
        assert combine(polynomial, *parts, len(second)) == crc.update(first + second)
    assert combine(CRC32, zlib.crc32(first), zlib.crc32(second), len(second)) == zlib.crc32(first + second)


@pytest.mark.parametrize("polynomial", [CRC32, CRC32C, CRC64NVME])
def test_a_large_part_is_combined_as_two_that_follow_each_other(polynomial: Polynomial) -> None:
    half, size = combine(polynomial, 12_345, 0, 2**32), 2**33
    assert combine(polynomial, half, 0, 2**32) == combine(polynomial, 12_345, 0, size)
