"""Divide a list into numbered pages, and say which page numbers a reader is offered. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
NEIGHBOURS = 2
"""The pages before and after the shown one whose numbers are offered, besides the first and the last."""


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of a list is shown."""

    number: int
    """The number of the page, from 1."""
    size: int
    """The most items on a page."""
    total: int
    """The number of items on all pages."""

    @property
    def count(self) -> int:
        """The number of pages, at least 1."""
        return max(1, -(-self.total // self.size))

    @property
    def previous(self) -> int | None:
        """The number of the page before this one, or None."""
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        """The number of the page after this one, or None."""
        return self.number + 1 if self.number < self.count else None

    @property
    def first_item(self) -> int:
        """The position of the first item of this page in the list, from 1."""
        return (self.number - 1) * self.size + 1

    @property
    def last_item(self) -> int:
        """The position of the last item of this page in the list."""
        return min(self.total, self.number * self.size)

    @property
    def offered(self) -> Sequence[int | None]:
        """The numbers of the pages that a reader may choose, in order; None where numbers are left out."""
        near = range(self.number - NEIGHBOURS, self.number + NEIGHBOURS + 1)
        shown = sorted({1, *(each for each in near if 1 <= each <= self.count), self.count})
        offered: list[int | None] = []
        for each in shown:
            if offered and offered[-1] != each - 1:
                offered.append(None)
            offered.append(each)
        return offered


def number_page(number: int | None, size: int, total: int) -> Paging:
    """Return the paging of a list. A number beyond the list's end means the last page, None the first one."""
    return Paging(min(max(1, number or 1), max(1, -(-total // size))), size, total)


def take_page(items: Sequence[T], number: int | None, size: int) -> tuple[Sequence[T], Paging]:
    """Return the items of a page, and its paging."""
    paging = number_page(number, size, len(items))
    return items[paging.first_item - 1 : paging.last_item], paging
