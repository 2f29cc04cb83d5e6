"""The links to the pages of a long list."""

import pytest

from lamplighter.console.view.page_numbers import count_pages, link_neighbours, link_pages


@pytest.mark.parametrize(
    ("current", "last", "numbers"),
    [
        (1, 1, []),
        (1, 2, [1, 2]),
        (1, 40, [1, 2, 0, 40]),
        (2, 40, [1, 2, 3, 0, 40]),
        (4, 40, [1, 2, 3, 4, 5, 0, 40]),
        (20, 40, [1, 0, 19, 20, 21, 0, 40]),
        (37, 40, [1, 0, 36, 37, 38, 39, 40]),
        (40, 40, [1, 0, 39, 40]),
    ],
)
def test_first_last_and_neighbouring_pages_are_linked(current: int, last: int, numbers: list[int]) -> None:
    assert [each.number for each in link_pages("/x", {}, current, last).numbers] == numbers


def test_a_link_keeps_the_other_parameters_and_the_first_page_has_no_number() -> None:
    links = link_pages("/x", {"status": "A & B", "page": "2"}, 2, 3)
    assert [each.url for each in links.numbers] == [
        "/x?status=A+%26+B",
        "/x?status=A+%26+B&page=2",
        "/x?status=A+%26+B&page=3",
    ]
    assert (links.previous, links.next) == (links.numbers[0].url, links.numbers[2].url)
    assert link_pages("/x", {}, 2, 2).previous == "/x"


def test_a_list_of_unknown_length_links_the_pages_before_and_after() -> None:
    links = link_neighbours("/x", {}, 2, more=True)
    assert (links.previous, links.next, links.numbers) == ("/x", "/x?page=3", ())
    assert link_neighbours("/x", {}, 1, more=False).next is None


def test_an_empty_list_has_one_page() -> None:
    assert [count_pages(total, 50) for total in (0, 50, 51)] == [1, 1, 2]
