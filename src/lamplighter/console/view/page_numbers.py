"""Link the pages of a long list by their numbers: 1 2 3 … 40.

The number of the page is a parameter of the URL's query, whose other parameters stay. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

AROUND = 1
"""The number of pages that are linked on each side of the present one; the first and the last page always are."""


@dataclass(frozen=True, slots=True)
class PageLink:
    """The link to a page, or a gap between two links (number 0)."""

    number: int
    url: str


@dataclass(frozen=True, slots=True)
class PageLinks:
    """The links of the page of a list."""

    current: int
    numbers: Sequence[PageLink]
    """The pages that are linked by number; empty if the length of the list is unknown."""
    previous: str | None
    next: str | None


def count_pages(total: int, size: int) -> int:
    """Return how many pages a list has; an empty list has one."""
    return max(1, -(-total // size))


def link_pages(path: str, query: Mapping[str, str], current: int, last: int) -> PageLinks:
    """Link the pages of a list with a known length."""
    numbers = [PageLink(each, _url(path, query, each) if each else "") for each in _with_gaps(current, last)]
    return PageLinks(
        current,
        numbers if last > 1 else (),
        _url(path, query, current - 1) if current > 1 else None,
        _url(path, query, current + 1) if current < last else None,
    )


def link_neighbours(path: str, query: Mapping[str, str], current: int, *, more: bool) -> PageLinks:
    """Link the pages before and after one of a list whose length is unknown."""
    before = _url(path, query, current - 1) if current > 1 else None
    return PageLinks(current, (), before, _url(path, query, current + 1) if more else None)


def _with_gaps(current: int, last: int) -> Sequence[int]:
    """Return the linked numbers; 0 stands for the pages between two of them."""
    shown = sorted({1, last, *range(max(1, current - AROUND), min(last, current + AROUND) + 1)})
    found: list[int] = []
    for number in shown:
        missing = number - found[-1] - 1 if found else 0
        found += [number - 1, number] if missing == 1 else [0, number] if missing else [number]
    return found


def _url(path: str, query: Mapping[str, str], number: int) -> str:
    given = {name: value for name, value in query.items() if name != "page"} | (
        {"page": str(number)} if number > 1 else {}
    )
    return f"{path}?{urlencode(given)}" if given else path
