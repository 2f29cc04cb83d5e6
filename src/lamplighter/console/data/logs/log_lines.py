"""Define what the console reads of a log: its lines, page by page, and the lines that contain a text.

`numbered_log.py` reads an engine's logs, whose lines have numbers, and `timed_log.py` all other logs. A line's id is
stable, and is part of the links to the line. See `log_source.py` for the choice between the two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from lamplighter.console.view.line_segments import MAX_SHOWN_CHARACTERS
from lamplighter.lang.line_text import LineSearch

PAGE_LINES = 300
"""The most lines of a page."""
MAX_PAGE_CHARACTERS = 300_000
"""The most characters of a page; if lines are long, the page has fewer lines."""
MAX_COUNTED_MATCHES = 10_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a log."""

    id: str
    number: int | None
    timestamp: int
    """Milliseconds since the epoch."""
    message: str
    is_match: bool = False
    after_gap: bool = False
    """Whether lines before this one are left out."""


@dataclass(frozen=True, slots=True)
class LinePage:
    """A page of lines."""

    lines: Sequence[Line]
    earlier: str | None
    """The id of the line before which there may be more lines; None if there are none."""
    later: str | None
    """The id of the line after which there may be more lines; None if there are none yet."""
    through: str = ""
    """The id of the last line of the log when the page was read, if `later` is None; empty if there is no line."""
    gap_after: bool = False
    """Whether lines between the last line and the one before which the page was requested are left out."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins or ends: at the first or the last line, or beside a line."""

    at: Literal["first", "last", "before", "after", "around"]
    line: str = ""
    """The id of the line."""
    searched: str = ""
    """With `after`: the id of the last line that was searched; empty if it is that line itself."""

    @property
    def forward(self) -> bool:
        """Whether the page goes on from the place, and not back from it."""
        return self.at in ("first", "after")


@dataclass(frozen=True, slots=True)
class MatchCount:
    """How many lines contain a text."""

    number: int
    is_complete: bool
    """False if there may be more: counting ended early."""

    def __str__(self) -> str:
        number = f"{self.number:,}" if self.is_complete else f"at least {self.number:,}"
        return f"{number} {'match' if self.number == 1 and self.is_complete else 'matches'}"


class Log(Protocol):
    """A log whose lines can be read and searched."""

    async def read(self, place: Place) -> LinePage:
        """Return the lines at a place."""

    async def search(self, place: Place, search: LineSearch, context: int) -> LinePage:
        """Return the lines at a place that contain a text, each with some lines before and after it."""

    async def count(self, search: LineSearch, through: str) -> MatchCount:
        """Return how many lines, up to the one with this id, contain a text."""

    async def read_line(self, line: str) -> Line | None:
        """Return a line by its id, or None if it is not stored."""

    def compare_key(self, line: str) -> tuple[int, ...] | None:
        """Return a key that orders the ids of lines; None for an id that this log cannot have."""


def limit_page(lines: Sequence[T], texts: Sequence[str], *, forward: bool) -> Sequence[T]:
    """Return as many lines, which have these texts, as fit on a page: the first, or the last ones; at least one."""
    room, number = MAX_PAGE_CHARACTERS, 0
    for text in texts if forward else reversed(texts):
        room -= min(len(text), MAX_SHOWN_CHARACTERS)
        if number == PAGE_LINES or (number and room < 0):
            break
        number += 1
    return lines[:number] if forward else lines[len(lines) - number :]


def context_ranges(numbers: Iterable[int], context: int, first: int, last: int) -> list[list[int]]:
    """Return the ranges of numbers around some, which are ascending, within limits: [first, last] of each range."""
    ranges: list[list[int]] = []
    for number in numbers:
        begin, end = max(first, number - context), min(last, number + context)
        if begin > end:
            continue
        if ranges and begin <= ranges[-1][1] + 1:
            ranges[-1][1] = end
        else:
            ranges.append([begin, end])
    return ranges
