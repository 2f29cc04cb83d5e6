"""A list is divided into numbered pages."""

import pytest

from lamplighter.console.view.paging import Paging, take_page


@pytest.mark.parametrize(("number", "shown"), [(None, [1, 2, 3]), (2, [4, 5, 6]), (3, [7]), (9, [7]), (0, [1, 2, 3])])
def test_a_page_has_its_items(number: int | None, shown: list[int]) -> None:
    assert list(take_page([1, 2, 3, 4, 5, 6, 7], number, 3)[0]) == shown


def test_an_empty_list_has_one_empty_page() -> None:
    nothing: list[int] = []
    items, paging = take_page(nothing, 4, 3)
    assert (list(items), paging.number, paging.count, paging.previous, paging.next) == ([], 1, 1, None, None)


@pytest.mark.parametrize(
    ("number", "offered"),
    [
        (1, [1, 2, 3, None, 10]),
        (4, [1, 2, 3, 4, 5, 6, None, 10]),
        (6, [1, None, 4, 5, 6, 7, 8, None, 10]),
        (10, [1, None, 8, 9, 10]),
    ],
)
def test_the_first_the_last_and_the_pages_nearby_are_offered(number: int, offered: list[int | None]) -> None:
    assert Paging(number, 5, 50).offered == offered
