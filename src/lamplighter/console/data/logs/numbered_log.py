"""Read a log of this engine by the numbers of its lines (`services/logs/read_lines.py`).

Guarantees that each page takes about as long as any other, and that a search ends at a match or at the end of the log.
The id of a line is its number, which is the order of arrival.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.base.errors import AwsError, require
from lamplighter.base.json_text import Json
from lamplighter.console.data.logs.log_lines import (
    MAX_COUNTED_MATCHES,
    PAGE_LINES,
    Line,
    LinePage,
    MatchCount,
    Place,
    context_ranges,
    limit_page,
)
from lamplighter.console.page import Page
from lamplighter.lang.line_text import LineSearch
from lamplighter.runs.tasks.log_stream import LogStream

END = 10**15
"""A number after that of every line."""
FEW_MATCHES = 20
"""With this many matches, a page is shown before the whole log is searched."""


@dataclass(frozen=True, slots=True)
class NumberedLog:
    """A log whose lines have numbers."""

    page: Page
    stream: LogStream

    async def read(self, place: Place) -> LinePage:
        """Return the lines at a place."""
        number = self._number(place)
        if place.at == "around":
            before = await self._get([[1, number - 1]], PAGE_LINES // 2, forward=False)
            answer = await self._get([[number, END]], PAGE_LINES // 2, forward=True)
            lines: Sequence[Json] = [*before["lines"], *answer["lines"]]
        else:
            ranges = [[number + 1, END]] if place.forward else [[1, number - 1]]
            answer = await self._get(ranges, PAGE_LINES, forward=place.forward)
            lines = _limit_page(answer["lines"], forward=place.forward)
        return self._make_page([_make_line(each) for each in lines], answer, place)

    async def search(self, place: Place, search: LineSearch, context: int) -> LinePage:
        """Return the matches at a place with their context."""
        bounds = await self._get([], 1, forward=True)
        number, forward = self._number(place), place.forward
        searched = int(place.searched or number)
        begin = max(1, searched + 1 - context) if forward else min(number + context, END)
        numbers, following = await self._find(search, begin, FEW_MATCHES + context, forward=forward)
        first, last = (number + 1, bounds["last"]) if forward else (1, min(number - 1, bounds["last"]))
        ranges = context_ranges(sorted(numbers), context, first, last)
        answer = await self._get(ranges, PAGE_LINES, forward=forward)
        kept = _limit_page(answer["lines"], forward=forward)
        before = number if place.at == "after" else None
        lines = _mark_lines([_make_line(each) for each in kept], search, before, has_gaps=context > 0)
        is_cut = bool(lines) and lines[-1 if forward else 0].number != (ranges[-1][1] if forward else ranges[0][0])
        return LinePage(
            lines=lines,
            earlier=None if place.at == "first" or not (forward or following or is_cut) else _edge(lines, 0, place),
            later=None if place.at == "last" or (forward and not following and not is_cut) else _edge(lines, -1, place),
            through=str(bounds["last"]),
            gap_after=bool(context and lines) and place.at == "before" and (lines[-1].number or 0) + 1 < number,
        )

    async def count(self, search: LineSearch, through: str) -> MatchCount:
        """Return how many lines, up to the one with this id, contain a text."""
        numbers, following = await self._find(search, 1, MAX_COUNTED_MATCHES, forward=True)
        return MatchCount(sum(each <= int(through or 0) for each in numbers), is_complete=following is None)

    async def read_line(self, line: str) -> Line | None:
        """Return a line by its number."""
        number = self.compare_key(line)
        answer = await self._get([[number[0], number[0]]], 1, forward=True) if number else {"lines": ()}
        return next((_make_line(each) for each in answer["lines"]), None)

    def compare_key(self, line: str) -> tuple[int, ...] | None:
        """Return the number in an id."""
        return (int(line),) if line.isascii() and line.isdecimal() and len(line) < 16 else None

    def _number(self, place: Place) -> int:
        if place.at in ("first", "last"):
            return 0 if place.at == "first" else END
        return (self.compare_key(place.line) or (0,))[0]

    async def _get(self, ranges: Sequence[Sequence[int]], limit: int, *, forward: bool) -> Json:
        return await self._call("GetLogLines", ranges=ranges, limit=limit, backward=not forward)

    async def _find(
        self, search: LineSearch, begin: int, enough: int, *, forward: bool
    ) -> tuple[list[int], int | None]:
        """Return the numbers of matches, and the number from which the search continues."""
        numbers: list[int] = []
        following: int | None = begin
        while following is not None and len(numbers) < enough:
            given = {"text": search.text, "number": following, "limit": enough - len(numbers), "backward": not forward}
            answer = await self._call("FilterLogLines", **given)
            numbers += answer["numbers"]
            following = answer["next"]
        return numbers, following

    async def _call(self, operation: str, **params: Json) -> Json:
        names = {"logGroupName": self.stream.group, "logStreamName": self.stream.stream}
        answer = await self.page.call_internal("logs", operation, **names, **params)
        return require(answer, lambda: AwsError("This log does not exist any more.", code="NotFound", status=404))

    def _make_page(self, lines: Sequence[Line], answer: Json, place: Place) -> LinePage:
        if not lines:
            return LinePage((), None, None, place.line or "0")
        first, last = lines[0].number, lines[-1].number
        return LinePage(
            lines=lines,
            earlier=lines[0].id if first is not None and first > (answer["first"] or 1) else None,
            later=lines[-1].id if last is not None and last < answer["last"] else None,
            through=lines[-1].id,
        )


def _limit_page(found: Sequence[Json], *, forward: bool) -> Sequence[Json]:
    return limit_page(found, [each["message"] for each in found], forward=forward)


def _make_line(found: Json) -> Line:
    return Line(str(found["number"]), found["number"], found["timestamp"], found["message"])


def _mark_lines(lines: Sequence[Line], search: LineSearch, before: int | None, *, has_gaps: bool) -> Sequence[Line]:
    """Mark the matches, and the lines after a gap; `before` is the number of the line before the page."""
    marked = []
    for line in lines:
        after_gap = has_gaps and before is not None and (line.number or 0) > before + 1
        is_match = search.matches(line.message)
        marked.append(Line(line.id, line.number, line.timestamp, line.message, is_match, after_gap))
        before = line.number
    return marked


def _edge(lines: Sequence[Line], at: int, place: Place) -> str | None:
    return lines[at].id if lines else place.line or None
