"""A list reads about as many rows as it shows, however many keys its common prefixes hide."""

from bisect import bisect_left
from dataclasses import dataclass

import pytest

from lamplighter.services.s3.objects.list_objects import walk


@dataclass(frozen=True, slots=True)
class Row:
    """An object."""

    key: str
    id: int = 1


def test_folders_with_many_keys_are_listed_without_reading_all_of_them() -> None:
    """A hundred folders of a thousand keys each need some rows for each folder."""
    keys = sorted(f"{folder:03}/{number:04}" for folder in range(100) for number in range(1_000))
    read = 0

    def fetch(start: str, seen: int, most: int) -> list[Row]:
        nonlocal read
        place = bisect_left(keys, start) + seen
        found = [Row(key) for key in keys[place : place + most]]
        read += len(found)
        return found

    assert [entry.prefix for entry in walk(fetch, ("", 0), 0, "", "/", 1_000)] == [
        f"{number:03}/" for number in range(100)
    ]
    assert read < 2_000


@pytest.mark.parametrize("delimiter", ["", "/"])
def test_keys_without_a_common_prefix_are_all_listed(delimiter: str) -> None:
    """The batches that grow leave no key out."""
    keys = [f"{number:04}" for number in range(3_000)]

    def fetch(start: str, seen: int, most: int) -> list[Row]:
        place = bisect_left(keys, start) + seen
        return [Row(key) for key in keys[place : place + most]]

    assert [entry.row.key for entry in walk(fetch, ("", 0), 0, "", delimiter, 1_000)] == keys
